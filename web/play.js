// The player: takes notes from the library a little before they sound.
'use strict';

const play = {
    sound: new Sound(),
    playing: false,
    waiting: [],   // notes that were taken, and are to be played first
    played: [],    // all that was played since the song began
    voices: new Map(),
    tick: 0,       // where the song stands while it is silent
    anchor: null,  // {tick, time}: where it stood, and when, while it sounds
    controls: {},
};

const kTicks = 384;
const kShown = 6;  // quarters that the roll shows before the line, twice that after a wide one

play.tempo = () => play.controls.tempo.value;
play.secondsOf = (ticks) => ticks * 60 / (kTicks * play.tempo());
play.position = () => {
    if (!play.anchor) return play.tick;
    const seconds = Math.max(0, play.sound.now - play.anchor.time);
    return play.anchor.tick + seconds * kTicks * play.tempo() / 60;
};
// From here on the tempo may be another one.
play.setAnchor = (tick) => { play.anchor = {tick, time: play.sound.now + 0.06}; };

play.nextNote = () => play.waiting[0] ?? page.engine.peek();
play.takeNote = () => {
    if (play.waiting.length > 0) play.waiting.shift();
    else page.engine.take();
};

// Hands over what begins within the next moments. A page in the background is called once a second.
play.fill = () => {
    if (!play.playing) return;
    const ahead = document.hidden ? 2.5 : 0.25;
    for (let count = 0; count < 2000; ++count) {
        const note = play.nextNote();
        if (!note) return;
        const time = play.anchor.time + play.secondsOf(note.onset - play.anchor.tick);
        if (time > play.sound.now + ahead) return;
        play.takeNote();
        play.played.push(note);
        const voice = play.sound.play(note.pitch, note.velocity, time, play.secondsOf(note.length));
        play.voices.set(voice, note);
        if (play.voices.size > 400)
            for (const old of play.voices.keys()) if (!play.sound.voices.has(old)) play.voices.delete(old);
    }
};

play.start = async () => {
    await play.sound.wake();
    play.playing = true;
    play.setAnchor(play.tick);
    $('play-button').textContent = 'Pause';
    play.fill();
    play.draw();
};
play.pause = () => {
    if (!play.playing) return;
    play.tick = play.position();
    play.playing = false;
    play.anchor = null;
    // What was handed over and has not begun comes again.
    const silenced = play.sound.silence();
    const again = play.played.filter((note) => [...silenced].some((voice) => play.voices.get(voice) === note));
    play.played = play.played.filter((note) => !again.includes(note));
    play.waiting = [...again, ...play.waiting];
    play.voices.clear();
    $('play-button').textContent = 'Play';
    play.show();
};
// Forgets what was played; the library stands at a beginning.
play.rewind = () => {
    const went = play.playing;
    play.pause();
    play.waiting = [];
    play.played = [];
    play.tick = 0;
    if (went) play.start();
    play.show();
};
play.seed = () => {
    const number = Math.floor(Number($('seed').value));
    return Number.isFinite(number) && number >= 0 ? Math.min(number, 2 ** 53) : 1;
};
play.begin = () => {
    page.engine.ask('start', play.seed());
    play.rewind();
};
play.attempt = async (work) => {
    try {
        await work();
        content();
    } catch (error) {
        complain(error.message);
    }
};

// ---- controls -----------------------------------------------------------------------------------

play.lines = () => {
    const lines = [];
    const add = (name, value) => lines.push(name + ' ' + value);
    for (const name of ['temperature', 'density', 'legato', 'loudness'])
        if (play.controls[name].value !== 0) add(name, 2 ** play.controls[name].value);
    for (const name of ['transpose', 'voices', 'high', 'low'])
        if (play.controls[name].value !== play.controls[name].first) add(name, play.controls[name].value);
    if ($('mode').value !== '') {
        const scale = page.engine.call('scale', $('root').value + ' ' + $('mode').value);
        add('scale', scale);
    }
    for (const [word, slider] of Object.entries(play.styles))
        if (slider.value !== null) add('style.' + word, slider.value);
    return lines.join('\n');
};
play.direct = () => play.attempt(() => page.engine.ask('direct', play.lines()));

for (const place of document.querySelectorAll('#play .slider')) {
    const {control, label, min, max, step, value, form, unit} = place.dataset;
    const slider = new Slider(place, {label, min, max, step, value: Number(value), form, unit});
    play.controls[control] = slider;
    slider.changed = play.direct;
}
play.controls.volume.changed = () => play.sound.setVolume(play.controls.volume.value);
// The ends of the range push each other.
play.controls.low.changed = () => {
    const {low, high} = play.controls;
    if (high.value < low.value) high.value = low.value;
    play.direct();
};
play.controls.high.changed = () => {
    const {low, high} = play.controls;
    if (low.value > high.value) low.value = high.value;
    play.direct();
};
// A tempo acts at once: what sounds goes on, what comes is counted from here.
{
    let before = play.controls.tempo.value;
    play.controls.tempo.changed = () => {
        const now = play.controls.tempo.value;
        if (play.playing) {
            const seconds = Math.max(0, play.sound.now - play.anchor.time);
            play.anchor = {tick: play.anchor.tick + seconds * kTicks * before / 60, time: play.sound.now};
        }
        before = now;
    };
}

for (const name of kPitchNames) $('root').append(element('option', {}, name));
$('mode').append(element('option', {value: ''}, 'as the model likes'));
for (const name of ['major', 'minor', 'harmonic', 'dorian', 'phrygian', 'lydian', 'mixolydian', 'locrian', 'pentatonic',
                    'blues', 'whole', 'chromatic'])
    $('mode').append(element('option', {}, name));
$('root').addEventListener('change', play.direct);
$('mode').addEventListener('change', play.direct);
play.styles = {};

$('reset-button').addEventListener('click', () => {
    for (const [name, slider] of Object.entries(play.controls))
        if (name !== 'tempo' && name !== 'volume') slider.reset();
    for (const slider of Object.values(play.styles)) slider.reset();
    $('mode').value = '';
    play.direct();
});

$('play-button').addEventListener('click', () => play.attempt(() => (play.playing ? play.pause() : play.start())));
$('again-button').addEventListener('click', () => play.attempt(play.begin));
$('new-button').addEventListener('click', () => play.attempt(() => {
    $('seed').value = Math.floor(Math.random() * 1e6);
    play.begin();
}));
$('seed').addEventListener('change', () => play.attempt(play.begin));
$('save-button').addEventListener('click', () => play.attempt(() => save(play.midi(), `mgan-${play.seed()}.mid`, 'audio/midi')));
play.midi = () => {
    if (play.played.length === 0) throw new Error('Nothing was played yet.');
    const flat = Float64Array.from(play.played.flatMap((n) => [n.onset, n.length, n.pitch, n.velocity]));
    return page.engine.bytes('midi', flat, play.played.length, play.tempo());
};

// ---- models and melodies ------------------------------------------------------------------------

// Takes a model; throws where it is refused, and the one before goes on.
play.useModel = (bytes, name) => {
    const facts = page.engine.json('model', bytes, name, play.seed());
    play.facts = facts;
    $('model-name').textContent = `Now: ${name}, ${facts.steps ? 'step heads' : 'numeric heads'}` +
        (facts.guide > 1 ? `, its discriminator chooses among ${facts.guide}` : '') + '.';
    for (const place of [$('style-box'), play.controls.voices.input.parentNode]) place.hidden = !facts.steps;
    page.engine.ask('direct', play.lines());
    play.rewind();
};
play.takeModel = async ([{name, file}]) => play.attempt(async () => play.useModel(await bytesOf(file), name));
play.prime = (bytes, name) => {
    const flat = page.engine.json('prime', bytes, name, 32);
    play.rewind();
    play.waiting = notesOf(flat);
    play.tick = Math.max(0, play.waiting[0].onset - kTicks / 2);
    if (play.playing) play.setAnchor(play.tick);
    play.show();
};
play.takeMelody = async ([{name, file}]) => play.attempt(async () => play.prime(await bytesOf(file), name));
for (const {name} of page.scores) $('piece').append(element('option', {value: name}, name.replace('.score', '').replaceAll('-', ' ')));
$('piece').addEventListener('change', () => play.attempt(() => {
    const piece = page.scores.find(({name}) => name === $('piece').value);
    if (piece) play.prime(page.engine.bytes('score', piece.text, piece.name), piece.name);
    else play.begin();
}));
onDrop('model', play.takeModel);
onDrop('melody', play.takeMelody);
onChoice('model-file', play.takeModel);
onChoice('melody-file', play.takeMelody);

// ---- MIDI instruments ---------------------------------------------------------------------------

if (!navigator.requestMIDIAccess) {
    $('midi-button').disabled = true;
    $('midi-button').textContent = 'This browser has no MIDI';
}
$('midi-button').addEventListener('click', () => play.attempt(async () => {
    const access = await navigator.requestMIDIAccess();
    const list = () => {
        $('output').replaceChildren(element('option', {value: ''}, 'this page'));
        for (const port of access.outputs.values())
            $('output').append(element('option', {value: port.id}, port.name ?? port.id));
    };
    play.access = access;
    access.onstatechange = list;
    list();
    if (access.outputs.size === 0) throw new Error('No MIDI instrument is connected.');
}));
$('output').addEventListener('change', () => {
    const went = play.playing;
    play.pause();
    play.sound.port = play.access?.outputs.get($('output').value) ?? null;
    if (went) play.start();
});

// ---- showing ------------------------------------------------------------------------------------

play.show = () => {
    const now = play.position();
    const width = $('roll').clientWidth > 600 ? 4 * kShown : 2 * kShown;
    const from = now - 0.72 * width * kTicks;
    let first = play.played.length;
    while (first > 0 && play.played[first - 1].onset > from - 32 * kTicks) --first;
    const seen = [...play.played.slice(first), ...play.waiting.slice(0, 200)];
    let low = 45, high = 84;
    for (const note of seen) [low, high] = [Math.min(low, note.pitch - 1), Math.max(high, note.pitch + 1)];
    drawRoll($('roll'), seen, {from, to: from + width * kTicks, now, low, high});
    const said = play.playing ? `Playing, ${play.played.length} notes so far.`
        : play.played.length > 0 ? `Paused after ${play.played.length} notes.` : 'Ready.';
    if (Math.abs(performance.now() - (play.saidAt ?? -1e9)) > 5000 || !play.playing) {
        play.saidAt = performance.now();  // not more often: it is read aloud
        $('play-status').textContent = said;
    }
};
const kStill = matchMedia('(prefers-reduced-motion: reduce)');
play.draw = () => {
    if (!play.playing) return;
    if (!$('play').hidden) play.show();
    if (kStill.matches) setTimeout(play.draw, 500);
    else requestAnimationFrame(play.draw);
};
window.addEventListener('resize', () => play.show());
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => play.show());
setInterval(play.fill, 50);
document.addEventListener('visibilitychange', play.fill);

page.ready.then(async () => {
    for (const {word, meaning, sign} of page.engine.json('style_words')) {
        const help = (sign < 0 ? 'less of: ' : '') + meaning;
        const name = word[0].toUpperCase() + word.slice(1);
        play.styles[word] = new Slider($('style-sliders'), {label: name, min: -3, max: 3, step: 0.1, value: 0, free: true, help});
        play.styles[word].changed = play.direct;
    }
    play.useModel(await page.model, 'the model that came with the page');
    for (const id of ['play-button', 'again-button', 'new-button', 'save-button']) $(id).disabled = false;
}).catch((error) => complain(error.message));
showPage();
