import fs from 'node:fs';
import path from 'node:path';
import {require, requireEqual} from './page.mjs';

const old = 'tests/data/v0.1.0';
const seconds = (count) => new Promise((go) => setTimeout(go, 1000 * count));

async function takeModel(page, file) {
    await page.choose('model-file', file);
    await page.until((name) => $('model-name').textContent.includes(name), 60, path.basename(file));
}

export const tests = [
    ['the model that came with the page plays audible sound, and a pause is silent', async (page) => {
        requireEqual(await page.run(() => play.sound.level()), 0, 'loudness before');
        await page.click('play-button');
        await page.until(() => play.sound.level() > 0.01, 30);
        await page.until(() => play.played.length > 20, 60);
        await page.click('play-button');
        requireEqual(await page.text('play-button'), 'Play', 'the button');
        await page.until(() => play.sound.level() < 1e-4, 30);
        const [before, count] = await page.run(() => [play.position(), play.played.length]);
        await seconds(1);
        requireEqual(await page.run(() => [play.position(), play.played.length]), [before, count], 'a paused song');
    }],
    ['pauses lose no note and repeat none', async (page) => {
        for (let i = 0; i < 4; ++i) {
            await page.click('play-button');
            await seconds(1.3);
            await page.click('play-button');
        }
        const played = await page.run(() => play.played.map((n) => [n.onset, n.length, n.pitch, n.velocity]));
        require(played.length > 5, `only ${played.length} notes`);
        requireEqual(played, await page.notes(1, played.length), 'notes');
    }],
    ['a song is that of the native program, note for note', async (page) => {
        const models = [path.join(page.folder, 'model.safetensors')];
        for (const name of fs.readdirSync(old, {withFileTypes: true}).filter((each) => each.isDirectory()))
            models.push(path.join(old, name.name, 'model.safetensors'));
        require(models.length > 3, 'models are missing');
        for (const model of models) {
            const name = `model-${models.indexOf(model)}.safetensors`;
            const copy = page.file(name, fs.readFileSync(model));
            await takeModel(page, copy);
            requireEqual(await page.notes(7, 300), page.native(copy, 7, 300), model);
        }
    }],
    ['a saved song is a MIDI file with the notes that were played', async (page) => {
        await page.run(() => { $('seed').value = 3; play.begin(); });
        await page.click('play-button');
        await page.until(() => play.played.length >= 33, 60);
        await page.click('play-button');
        const played = await page.run(() => play.played.map((n) => [n.onset, n.length, n.pitch, n.velocity]).flat());
        const file = await page.saved('save-button', 'mgan-3.mid');
        requireEqual(fs.readFileSync(file).subarray(0, 4).toString(), 'MThd', 'the beginning of the file');
        const back = await page.run((bytes) => page.engine.json('prime', Uint8Array.from(bytes), 'saved', 0),
                                    [...fs.readFileSync(file)]);
        requireEqual(back, played, 'notes');
    }],
    ['controls direct what comes', async (page) => {
        await page.run(() => {
            $('root').value = 'D';
            $('mode').value = 'dorian';
            play.controls.low.value = 50;
            play.controls.high.value = 70;
            play.controls.voices.value = 1;
            play.direct();
        });
        const notes = await page.notes(5, 300);
        const dorian = [2, 4, 5, 7, 9, 11, 0];
        require(notes.every(([, , pitch]) => pitch >= 50 && pitch <= 70 && dorian.includes(pitch % 12)), 'a note outside');
        require(notes.every(([onset], i) => i === 0 || onset >= notes[i - 1][0] + notes[i - 1][1]), 'two keys at once');
        await page.click('reset-button');
        requireEqual(await page.run(() => play.lines()), '', 'controls after the reset');
    }],
    ['the tempo changes at once, and no note comes early or late', async (page) => {
        await page.click('play-button');
        await page.until(() => play.played.length > 3, 60);
        const [before, after] = await page.run(() => {
            const before = play.position();
            play.controls.tempo.value = 240;
            play.controls.tempo.changed();
            return [before, play.position()];
        });
        require(Math.abs(after - before) < 40, `a jump of ${after - before} ticks`);
        const speed = await page.run(async () => {
            const [tick, time] = [play.position(), play.sound.now];
            await new Promise((go) => setTimeout(go, 1000));
            return (play.position() - tick) / (play.sound.now - time);
        });
        require(Math.abs(speed - 240 / 60 * 384) < 20, `${speed} ticks a second`);
    }],
    ['a damaged model gives a message, and the one before goes on', async (page) => {
        const before = await page.notes(2, 20);
        const bytes = fs.readFileSync(path.join(page.folder, 'model.safetensors'));
        for (const [name, damaged] of [['cut.safetensors', bytes.subarray(0, bytes.length / 2)],
                                       ['text.safetensors', Buffer.from('no model')], ['empty.safetensors', Buffer.alloc(0)]]) {
            await page.choose('model-file', page.file(name, damaged));
            require((await page.message()).includes(name), `no message about ${name}`);
            await page.click('message');
        }
        requireEqual(await page.notes(2, 20), before, 'notes');
        await page.click('play-button');
        await page.until(() => play.sound.level() > 0.01, 30);
    }],
    ['a melody is heard first, and a damaged one gives a message', async (page) => {
        await page.choose('melody-file', page.file('damaged.mid', Buffer.from('MThd and nothing else')));
        require((await page.message()).includes('damaged.mid'), 'no message');
        await page.choose('melody-file', await page.piece(4));
        await page.until(() => play.waiting.length === 32 && $('message').hidden, 30);
        await page.click('play-button');
        await page.until(() => play.played.length > 40, 120);
        const onsets = await page.run(() => play.played.map((note) => note.onset));
        require(onsets.every((onset, i) => i === 0 || onset >= onsets[i - 1]), 'a note before the melody ends');
    }],
    ['MIDI instruments get every note, and an end for each', async (page) => {
        await page.fresh({before: () => {
            window.sent = [];
            const port = {id: 'a', name: 'instrument', send: (bytes, at) => sent.push([...bytes, at])};
            navigator.requestMIDIAccess = async () => ({outputs: new Map([['a', port]])});
        }});
        await page.click('midi-button');
        await page.until(() => $('output').options.length === 2, 30);
        await page.tab.select('#output', 'a');
        await page.click('play-button');
        await page.until(() => play.played.length > 10, 60);
        const [sent, played] = await page.run(() => [sent, play.played]);
        const begun = sent.filter(([status]) => status === 0x90);
        requireEqual(begun.map(([, pitch, velocity]) => [pitch, velocity]).slice(0, played.length),
                     played.map((note) => [note.pitch, note.velocity]), 'notes');
        requireEqual(sent.filter(([status]) => status === 0x80).length, begun.length, 'ends');
    }],
];
