// Trains in slices of a fifth of a second; between two of them it hears the page.
'use strict';

const kSlice = 0.2, kSamples = 2;
let engine = null, running = false, busy = false;

const say = (what, more = {}, moved = []) => postMessage({what, ...more}, moved);

function sayModel() {
    const bytes = engine.bytes('trained');
    say('model', {bytes}, [bytes.buffer]);
}

async function train() {
    if (busy) return;
    busy = true;
    try {
        while (running) {
            const report = engine.json('run', kSlice);
            say('progress', {report});
            if (report.record) {
                say('samples', {songs: engine.json('samples', kSamples, 1)});
                sayModel();
            }
            if (report.finished) {
                running = false;
                say('finished');
            }
            await new Promise((go) => setTimeout(go, 0));
        }
    } catch (error) {
        running = false;
        say('failed', {text: error.message});
    }
    busy = false;
}

const actions = {
    begin({files, scores, settings}) {
        engine.ask('forget');
        for (const file of files) engine.ask('add_file', new Uint8Array(file.bytes), file.name);
        for (const score of scores) engine.ask('add_score', score.text, score.name);
        say('begun', {facts: engine.json('begin', settings)});
        running = true;
        train();
    },
    pause() {
        running = false;
        say('paused');
    },
    resume() {
        running = true;
        train();
    },
    stop() {
        running = false;
        sayModel();
        say('samples', {songs: engine.json('samples', kSamples, 1)});
        say('stopped');
    },
};

// The first message brings the library.
onmessage = async (event) => {
    try {
        engine ??= await Engine.create(event.data.library);
        actions[event.data.action](event.data);
    } catch (error) {
        running = false;
        say('failed', {text: error.message});
    }
};
