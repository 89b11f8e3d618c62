// The LSTM chapter, to touch: sliders in, gates, states and two gradients out.
'use strict';

// docs/lstm.md and its program have the same numbers.
const kGates = ['i', 'f', 'g', 'o'];
const kChapter = {
    parameters: [0.5, -0.3, 0.8, 0.2, 0.1, 0.4, -0.6, 0.7, 0.0, 1.0, 0.1, -0.2],
    x: [0.5, -1.0, 0.3, 0.8, -0.2],
    dy: [0.1, 0.7, -0.4, 0.9, 1.0],
};
const kSteps = 5;

const learn = {parameters: [], x: [], dy: []};

learn.group = (place, title, names, range, into, values) => {
    const box = element('fieldset', {}, element('legend', {}, title));
    names.forEach((label, i) => {
        const slider = new Slider(box, {label, min: -range, max: range, step: 0.05, value: values[i], form: 'real'});
        slider.changed = () => learn.show();
        into.push(slider);
    });
    place.append(box);
};
{
    const gates = (letter) => kGates.map((gate) => `${letter} of ${gate}`);
    const steps = (letter) => kChapter.x.map((_, t) => `${letter} ${t + 1}`);
    learn.group($('input-sliders'), 'x_t, the input', steps('x'), 2, learn.x, kChapter.x);
    learn.group($('input-sliders'), 'dy_t, how much h_t counts', steps('dy'), 2, learn.dy, kChapter.dy);
    learn.group($('parameter-sliders'), 'w, weights of x_t', gates('w'), 4, learn.parameters, kChapter.parameters.slice(0, 4));
    learn.group($('parameter-sliders'), 'u, weights of h_{t-1}', gates('u'), 4, learn.parameters, kChapter.parameters.slice(4, 8));
    learn.group($('parameter-sliders'), 'b, biases', gates('b'), 4, learn.parameters, kChapter.parameters.slice(8));
}

learn.values = () => {
    const of = (sliders) => sliders.map((slider) => slider.value);
    return [...of(learn.parameters), ...of(learn.x), ...of(learn.dy)];
};
learn.compute = () => page.engine.json('lstm', Float64Array.from(learn.values()), kSteps);

const cell = (text, properties = {}) => element('td', properties, text);
const head = (...names) => element('tr', {}, ...names.map((name) => element('th', {scope: 'col'}, name)));

learn.show = () => {
    if ($('learn').hidden || !page.engine) return;
    const result = learn.compute();
    learn.result = result;
    $('forward-table').tHead.replaceChildren(head('t', 'x', 'i', 'f', 'g', 'o', 'c', 'h', 'dy'));
    $('forward-table').tBodies[0].replaceChildren(...result.steps.map((row, t) =>
        element('tr', {}, element('th', {scope: 'row'}, String(t + 1)), cell(learn.x[t].value.toFixed(2)),
                ...row.map((number, k) => {
                    const made = cell(number.toFixed(3), {className: 'bar'});
                    // Gates fill from the left; what can be negative from the middle.
                    const signed = k === 2 || k > 3, share = Math.min(1, Math.abs(number));
                    made.style.setProperty('--from', signed ? (number < 0 ? 50 - 50 * share : 50) + '%' : '0%');
                    made.style.setProperty('--to', signed ? (number < 0 ? 50 : 50 + 50 * share) + '%' : 100 * share + '%');
                    return made;
                }), cell(learn.dy[t].value.toFixed(2)))));
    $('loss-line').textContent = `L = ${result.loss.toFixed(6)}`;

    const names = [...['dw', 'du', 'db'].flatMap((d) => kGates.map((gate) => `${d} of ${gate}`)),
                   ...kChapter.x.map((_, t) => `dx ${t + 1}`)];
    const digits = $('learn').clientWidth < 500 ? 12 : 16;
    let worst = 0;
    $('gradient-table').tHead.replaceChildren(head('', 'by hand', 'complex step', 'difference'));
    $('gradient-table').tBodies[0].replaceChildren(...names.map((name, n) => {
        const [hand, exact] = [result.by_hand[n], result.by_complex_step[n]];
        worst = Math.max(worst, Math.abs(hand - exact));
        return element('tr', {}, element('th', {scope: 'row'}, name), cell(hand.toFixed(digits)), cell(exact.toFixed(digits)),
                       cell(Math.abs(hand - exact).toExponential(0)));
    }));
    learn.worst = worst;
    $('agreement').textContent = `The largest difference is ${worst.toExponential(1)}: ` +
        (worst < 1e-12 ? 'rounding, nothing else.' : 'more than rounding. One of the two is wrong.');

    const dx = result.by_hand.slice(12).map(Math.abs);
    const [context, width, height] = paper($('reach'));
    const most = Math.max(1e-300, ...dx);
    context.font = '12px system-ui, sans-serif';
    dx.forEach((size, t) => {
        const w = width / kSteps, h = (height - 40) * size / most;
        context.fillStyle = colour('note');
        context.fillRect(t * w + w * 0.2, height - 20 - h, w * 0.6, h);
        context.fillStyle = colour('text');
        context.textAlign = 'center';
        context.fillText(size < 0.001 ? size.toExponential(0) : size.toFixed(3), t * w + w / 2, height - 25 - h);
        context.fillText('x ' + (t + 1), t * w + w / 2, height - 5);
    });
};

learn.put = (sliders, values) => sliders.forEach((slider, i) => { slider.value = values[i]; });
$('descend-button').addEventListener('click', () => {
    const rate = 0.5, {by_hand: gradient} = learn.compute();
    learn.parameters.forEach((slider, i) => { slider.value = slider.value - rate * gradient[i]; });
    learn.show();
});
$('last-button').addEventListener('click', () => {
    learn.put(learn.dy, [0, 0, 0, 0, 1]);
    learn.show();
});
$('chapter-button').addEventListener('click', () => {
    learn.put(learn.parameters, kChapter.parameters);
    learn.put(learn.x, kChapter.x);
    learn.put(learn.dy, kChapter.dy);
    learn.show();
});
window.addEventListener('resize', learn.show);
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', learn.show);
page.ready.then(learn.show);
