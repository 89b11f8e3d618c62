// The trainer: music to the worker, its reports to curves, rolls and a table.
'use strict';

const train = {
    worker: null,
    music: null,   // {files} or {scores}
    state: 'idle',  // loading, running, paused, stopping
    model: null,
    losses: [], discriminator: [], epochs: [], samples: [],
    sound: new Sound(),
};

const kMidi = /\.(mid|midi|kar|rmi)$/i;
// What a preset says, so that the fields show it.
const kPresets = {quick: {epochs: 12, adversarial: 0}, recommended: {epochs: 32, adversarial: 4}};

train.setState = (state) => {
    train.state = state;
    const busy = state !== 'idle';
    $('train-button').disabled = busy || !train.music;
    $('pause-button').disabled = state !== 'running' && state !== 'paused';
    $('pause-button').textContent = state === 'paused' ? 'Resume' : 'Pause';
    $('stop-button').disabled = state !== 'running' && state !== 'paused';
    $('save-model-button').disabled = $('try-button').disabled = !train.model;
    for (const field of $('settings').elements) field.disabled = busy;
    for (const id of ['folder', 'files', 'bundled-button']) $(id).disabled = busy;
};
train.say = (text) => { $('train-status').textContent = text; };

train.takeMusic = (files) => {
    if (train.state !== 'idle') throw new Error('A training is running; stop it before you take other music.');
    const music = files.filter(({name}) => kMidi.test(name));
    if (music.length === 0)
        throw new Error(files.length === 0 ? 'Nothing was dropped.'
            : `None of these ${files.length} files is a MIDI file (.mid, .midi, .kar, .rmi).`);
    train.music = {files: music};
    const left = files.length - music.length;
    $('music-status').textContent = `${music.length} MIDI file${music.length === 1 ? '' : 's'}` +
        (left > 0 ? `; ${left} other file${left === 1 ? '' : 's'} left out.` : '.');
    content();
    train.setState('idle');
};
onDrop('music', train.takeMusic);
onChoice('folder', train.takeMusic);
onChoice('files', train.takeMusic);
$('bundled-button').addEventListener('click', () => {
    train.music = {scores: page.scores};
    $('music-status').textContent = `The ${page.scores.length} pieces that came with the page, in twelve keys each.`;
    content();
    train.setState('idle');
});

$('preset').addEventListener('change', () => {
    for (const [id, value] of Object.entries(kPresets[$('preset').value])) $(id).value = value;
});
train.settings = () => {
    const number = (id) => {
        const field = $(id);
        if (!field.checkValidity() || field.value === '')
            throw new Error(`${field.parentNode.firstChild.textContent}: ${field.validationMessage || 'a number is missing'}`);
        return Number(field.value);
    };
    const units = number('units');
    return [`preset=${$('preset').value}`, `variant=${$('variant').value}`, `pretrain.epochs=${number('epochs')}`,
            `adversarial.epochs=${number('adversarial')}`, `length=${number('length')}`, `generator.hidden=${units}`,
            `generator.head=${units}`, `generator.input=${units}`, `seed=${number('train-seed')}`].join('\n') + '\n';
};

// A worker of the same text as the page: no second file, and it works from a disk, too.
train.spawn = () => {
    const text = ['mgan-module', 'mgan-engine', 'mgan-worker'].map((id) => $(id).textContent).join('\n');
    const url = URL.createObjectURL(new Blob([text], {type: 'text/javascript'}));
    const worker = new Worker(url);
    worker.onmessage = ({data}) => train.heard[data.what](data);
    worker.onerror = (event) => train.heard.failed({text: event.message || 'the worker ended'});
    return worker;
};

train.begin = async () => {
    const settings = train.settings();
    train.setState('loading');
    train.say('Reading the music ...');
    Object.assign(train, {model: null, losses: [], discriminator: [], epochs: [], samples: [], last: null});
    const files = [];
    for (const {name, file} of train.music.files ?? []) files.push({name, bytes: await file.arrayBuffer()});
    train.worker ??= train.spawn();
    train.worker.postMessage({action: 'begin', files, scores: train.music.scores ?? [], settings,
                              library: await page.library},
                             files.map((file) => file.bytes));
};
// The worker is dropped with its memory, which can be large.
train.end = (text) => {
    train.worker?.terminate();
    train.worker = null;
    train.setState('idle');
    train.say(text);
};

train.heard = {
    begun({facts}) {
        train.facts = facts;
        train.startedAt = performance.now();
        train.trainedFor = 0;
        $('train-results').hidden = false;
        const left = [...facts.skipped.map((one) => `${one.file}: left out, ${one.what}`),
                      ...facts.mended.map((one) => `${one.file}: mended, ${one.what}`)];
        $('left-out').hidden = left.length === 0;
        $('left-out').querySelector('summary').textContent = `${facts.skipped.length} files left out, ${facts.mended.length} mended`;
        $('left-out').querySelector('ul').replaceChildren(...left.map((text) => element('li', {}, text)));
        const songs = `${facts.songs} songs, ${facts.notes} notes: ${facts.train} to learn from, ${facts.validation} to validate, ${facts.test} kept for a test.`;
        $('music-status').textContent = songs + (facts.skipped.length > 0 ? ` ${facts.skipped.length} files left out (see below).` : '');
        train.setState('running');
        train.say('The first minibatches ...');
        train.show();
    },
    progress({report}) {
        const done = report.epoch - 1 + report.step / report.steps;
        // Losses come as means since the epoch began; what is new is the difference of two sums.
        const last = train.last?.epoch === report.epoch ? train.last : {step: 0, loss_g: 0, loss_d: 0};
        const since = (key) => (report[key] * report.step - last[key] * last.step) / Math.max(1, report.step - last.step);
        train.last = report;
        train.losses.push([done, since('loss_g')]);
        if (report.adversarial) train.discriminator.push([done, since('loss_d')]);
        $('progress').value = done / report.epochs;
        const phase = report.adversarial ? 'against the discriminator' : 'pretraining';
        const seconds = train.trainedFor + (performance.now() - train.startedAt) / 1000;
        const left = done > 0.05 ? seconds / done * (report.epochs - done) : null;
        if (train.state === 'running')
            train.say(`Epoch ${report.epoch} of ${report.epochs}, ${phase}, minibatch ${report.step} of ${report.steps}` +
                      (left === null ? '.' : `; about ${left < 90 ? Math.ceil(left) + ' seconds' : Math.ceil(left / 60) + ' minutes'} left.`));
        if (report.record) train.epochs.push(report.record);
        train.show(Boolean(report.record));
    },
    samples({songs}) {
        train.samples = songs.map(notesOf);
        train.showSamples();
    },
    model({bytes}) {
        train.model = bytes;
        train.setState(train.state);
    },
    paused() {
        train.trainedFor += (performance.now() - train.startedAt) / 1000;
        train.setState('paused');
        train.say(`Paused in epoch ${Math.floor(train.losses.at(-1)?.[0] ?? 0) + 1}. The model so far can be saved.`);
    },
    finished() {
        train.end('The training is finished.');
    },
    stopped() {
        train.end('Stopped. The model so far can be saved.');
    },
    failed({text}) {
        complain(text);
        train.end('The training has ended.');
    },
};

$('train-button').addEventListener('click', () => train.begin().then(content, (error) => {
    complain(error.message);
    train.setState('idle');
}));
$('pause-button').addEventListener('click', () => {
    if (train.state === 'running') {
        train.say('Pausing ...');
        train.worker.postMessage({action: 'pause'});
    } else {
        train.startedAt = performance.now();
        train.setState('running');
        train.worker.postMessage({action: 'resume'});
    }
});
$('stop-button').addEventListener('click', () => {
    train.setState('stopping');
    train.say('Stopping ...');
    train.worker.postMessage({action: 'stop'});
});
$('save-model-button').addEventListener('click', () => save(train.model, 'model.safetensors', 'application/octet-stream'));
$('try-button').addEventListener('click', () => play.attempt(() => {
    play.useModel(train.model, 'the model trained here');
    location.hash = '#play';
}));
$('settings').addEventListener('submit', (event) => event.preventDefault());
window.addEventListener('beforeunload', (event) => {
    if (train.state !== 'idle') event.preventDefault();  // the browser asks whether to leave
});

// ---- showing ------------------------------------------------------------------------------------

const kColumns = [
    ['epoch', 'Epoch', 0], ['loss_pretrain', 'Loss', 3], ['validation_loss_pretrain', 'Validation', 3],
    ['accuracy', 'D is right', 2], ['scale_consistency', 'In one scale', 2], ['tone_span', 'Span', 1],
    ['unique_tones', 'Pitches', 1], ['polyphony', 'Chords', 2], ['repetitions_3', 'Repeats', 0],
    ['mean_overlap_area', 'Overlap with real', 2], ['mean_gap', 'Gap to real', 2],
];
const figure = (value, digits) => (value === null || value === undefined ? '' : value.toFixed(digits));

train.show = (table = true) => {
    if ($('train').hidden) return;
    const validation = train.epochs.map((line) => [line.epoch, line.validation_loss_pretrain]);
    drawCurves($('losses'), [{name: 'training', points: train.losses, tone: 'note'},
                             {name: 'validation', points: validation, tone: 'bright', dots: true},
                             {name: 'discriminator', points: train.discriminator, tone: 'third'}], {xName: 'epochs'});
    if (!table) return;
    const best = train.epochs.findLast((line) => line.best);
    const shown = kColumns.filter(([key]) => key !== 'accuracy' || train.epochs.some((line) => 'accuracy' in line));
    $('epoch-table').tHead.replaceChildren(element('tr', {}, ...shown.map(([, name]) => element('th', {scope: 'col'}, name))));
    $('epoch-table').tBodies[0].replaceChildren(...train.epochs.map((line) =>
        element('tr', {className: line === best ? 'best' : '', title: line === best ? 'the best so far: this one is kept' : ''},
                ...shown.map(([key, , digits]) => element('td', {}, figure(line[key], digits))))));
};
train.showSamples = () => {
    $('samples').replaceChildren(...train.samples.map((notes, i) => {
        const canvas = element('canvas', {className: 'roll small', role: 'img', ariaLabel: `Piano roll of song ${i + 1}`});
        const button = element('button', {type: 'button'}, `Hear song ${i + 1}`);
        button.addEventListener('click', () => train.hear(notes));
        return element('div', {}, canvas, button);
    }));
    train.drawSamples();
};
train.drawSamples = () => {
    for (const [i, canvas] of [...$('samples').querySelectorAll('canvas')].entries()) {
        const notes = train.samples[i];
        const end = Math.max(384, ...notes.map((note) => note.onset + note.length));
        drawRoll(canvas, notes, {from: notes[0]?.onset ?? 0, to: end});
    }
};
// A second click ends the first.
train.hear = async (notes) => {
    play.pause();
    await train.sound.wake();
    train.sound.silence();
    const second = (ticks) => ticks * 60 / (kTicks * 120);
    for (const note of notes)
        train.sound.play(note.pitch, note.velocity, train.sound.now + 0.1 + second(note.onset - notes[0].onset), second(note.length));
};
const showTraining = () => {
    train.show();
    train.drawSamples();
};
window.addEventListener('resize', showTraining);
window.addEventListener('hashchange', () => train.sound.audio && train.sound.silence());
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', showTraining);
train.setState('idle');
