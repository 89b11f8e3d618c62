import fs from 'node:fs';
import {require, requireEqual} from './page.mjs';

async function tenFiles(page) {
    const files = [];
    for (let i = 0; i < 10; ++i) files.push(await page.piece(3 * i));
    return files;
}
async function small(page, values = {}) {
    await page.run((values) => {
        for (const [id, value] of Object.entries({epochs: 3, units: 24, length: 30, ...values})) $(id).value = value;
    }, values);
}
const isIdle = () => train.state === 'idle';
// Pressed by the page itself with the next report: a small training is over soon after a test hears of it.
const pauseAtNextReport = (page) => page.run(() => new Promise((done) => {
    const {progress} = train.heard;
    train.heard.progress = (data) => {
        progress(data);
        if (train.state !== 'running') return;
        train.heard.progress = progress;
        $('pause-button').click();
        done();
    };
}));

export const tests = [
    ['trains on ten files, with a pause, and plays and saves what it learnt', async (page) => {
        const files = [...await tenFiles(page), page.file('damaged.mid', Buffer.from('MThd')),
                       page.file('notes.txt', 'no music')];
        await page.go('train');
        await page.choose('files', ...files);
        await page.until(() => train.music !== null, 30);
        require((await page.text('music-status')).includes('11 MIDI files; 1 other file'), await page.text('music-status'));
        await small(page, {units: 48});
        await page.click('train-button');
        await pauseAtNextReport(page);
        await page.until(() => train.state !== 'running', 60);
        requireEqual(await page.run(() => train.state), 'paused', 'state');
        require((await page.text('left-out')).includes('damaged.mid'), 'the damaged file is not listed');
        const reports = await page.run(() => train.losses.length);
        await new Promise((go) => setTimeout(go, 1500));
        requireEqual(await page.run(() => train.losses.length), reports, 'reports of a paused training');
        await page.click('pause-button');
        await page.until(isIdle, 300);
        requireEqual(await page.text('train-status'), 'The training is finished.', 'status');

        const losses = await page.run(() => train.epochs.map((line) => line.loss_pretrain));
        requireEqual(losses.length, 3, 'epochs');
        require(losses[2] < losses[0], `losses ${losses}`);
        requireEqual(await page.run(() => $('epoch-table').tBodies[0].rows.length), 3, 'lines of the table');
        require(await page.run(() => train.samples.length === 2 && train.samples.every((song) => song.length > 5)), 'samples');

        // The native program reads it, and plays the same.
        const file = await page.saved('save-model-button', 'model.safetensors');
        const native = page.native(file, 7, 200);
        await page.click('try-button');
        await page.until(() => !$('play').hidden && $('model-name').textContent.includes('trained here'), 30);
        requireEqual(await page.notes(7, 200), native, 'notes');
        await page.click('play-button');
        await page.until(() => play.sound.level() > 0.005, 30);
        await page.choose('model-file', file);
        await page.until(() => $('model-name').textContent.includes('model.safetensors'), 30);
        requireEqual(await page.notes(7, 200), native, 'notes of the saved model');
    }],
    ['the same music and seed give the same model, whatever the pauses', async (page) => {
        const files = await tenFiles(page);
        await page.go('train');
        const models = [];
        for (const withPauses of [false, true]) {
            await page.choose('files', ...files);
            await page.until(() => !$('train-button').disabled, 30);
            await small(page);
            await page.click('train-button');
            let pauses = 0;
            while (withPauses && pauses < 2) {
                await pauseAtNextReport(page);
                await page.until(() => train.state !== 'running', 60);
                // On a fast machine the second may come too late.
                if (await page.run(isIdle)) break;
                ++pauses;
                await page.click('pause-button');
            }
            require(!withPauses || pauses > 0, 'the training ended before its first pause');
            await page.until(isIdle, 300);
            models.push(await page.run(() => [...train.model]));
        }
        require(models[0].length > 1000 && Buffer.from(models[0]).equals(Buffer.from(models[1])), 'other bytes');
    }],
    ['the adversarial phase runs, and can be stopped', async (page) => {
        const files = await tenFiles(page);
        await page.go('train');
        await page.choose('files', ...files.slice(0, 3));
        await page.until(() => !$('train-button').disabled, 30);
        await page.tab.select('#preset', 'recommended');
        requireEqual(await page.run(() => [$('epochs').value, $('adversarial').value]), ['32', '4'], 'epochs');
        await small(page, {epochs: 1, adversarial: 1000, units: 8, length: 20});
        // A short warm-up: nothing is learnt here.
        await page.run(() => {
            const {settings} = train;
            train.settings = () => settings() + 'adversarial.discriminator_warmup=10\n';
        });
        await page.click('train-button');
        await page.until(() => train.discriminator.length > 0, 300);
        await page.click('stop-button');
        await page.until(isIdle, 120);
        require((await page.text('train-status')).startsWith('Stopped'), 'status');
        require(await page.run(() => train.model.length > 1000), 'no model');
        await page.click('try-button');
        await page.until(() => !$('play').hidden, 30);
        requireEqual((await page.notes(1, 30)).length, 30, 'notes');
    }],
    ['music that cannot be used gives a message', async (page) => {
        await page.go('train');
        await page.choose('files', page.file('letter.txt', 'no music'));
        require((await page.message()).includes('MIDI'), 'no message about a text file');
        await page.click('message');
        await page.choose('files', page.file('damaged.mid', Buffer.from('MThd and nothing else')));
        await page.until(() => !$('train-button').disabled, 30);
        await page.click('train-button');
        require((await page.message(60)).includes('damaged.mid'), 'no message about a damaged file');
        requireEqual(await page.run(() => train.state), 'idle', 'state');
        // And settings that contradict each other.
        await page.click('message');
        await page.click('bundled-button');
        await page.run(() => { $('units').value = 3; });
        await page.click('train-button');
        require((await page.message()).includes('Units'), 'no message about the units');
    }],
];
