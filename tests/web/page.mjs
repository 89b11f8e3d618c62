// A browser with the page, and what the tests do with it.

import {execFileSync} from 'node:child_process';
import fs from 'node:fs';
import {createRequire} from 'node:module';
import path from 'node:path';

const browsers = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

export function require(condition, text) {
    if (!condition) throw new Error(text);
}
export function requireEqual(found, expected, what) {
    const [a, b] = [JSON.stringify(found), JSON.stringify(expected)];
    if (a === b) return;
    let i = 0;
    while (a[i] === b[i]) ++i;
    throw new Error(`${what}: ...${a.slice(Math.max(0, i - 40), i + 40)}... is not ...${b.slice(Math.max(0, i - 40), i + 40)}...`);
}

export class Page {
    static async open({folder, work, address}) {
        const page = new Page();
        Object.assign(page, {folder: path.resolve(folder), work, address, faults: [], requests: []});
        const puppeteer = createRequire(path.join(page.folder, 'x.js'))('puppeteer-core');
        page.browser = await puppeteer.launch({
            executablePath: process.env.CHROMIUM ?? browsers.find((name) => fs.existsSync(name)),
            headless: true,
            protocolTimeout: 600000,
            args: ['--no-sandbox', '--disable-gpu', '--mute-audio'],
        });
        return page;
    }
    // A new tab for each test, so that none depends on another.
    async fresh({before} = {}) {
        await this.tab?.close();
        this.faults = [];
        this.requests = [];
        this.tab = await this.browser.newPage();
        this.tab.on('console', (message) => {
            if (['error', 'warn', 'assert'].includes(message.type())) this.faults.push(message.text().slice(0, 300));
        });
        this.tab.on('pageerror', (error) => this.faults.push(error.message));
        this.tab.on('request', (request) => this.requests.push(request.url()));
        if (before) await this.tab.evaluateOnNewDocument(before);
        await this.tab.setViewport({width: 1200, height: 900});
        const session = await this.tab.createCDPSession();
        await session.send('Browser.setDownloadBehavior', {behavior: 'allow', downloadPath: this.work});
        await this.tab.goto(this.address);
        await this.tab.waitForSelector('#play-button:not(:disabled)', {timeout: 120000});
    }
    async close() {
        await this.browser.close();
    }

    run(work, ...values) {
        return this.tab.evaluate(work, ...values);
    }
    async go(name) {
        await this.tab.click(`nav a[href="#${name}"]`);
        await this.tab.waitForSelector(`#${name}:not([hidden])`);
    }
    click(id) {
        return this.tab.click('#' + id);
    }
    text(id) {
        return this.tab.$eval('#' + id, (one) => one.textContent);
    }
    until(condition, seconds, ...values) {
        return this.tab.waitForFunction(condition, {timeout: 1000 * seconds, polling: 50}, ...values);
    }
    async choose(id, ...files) {
        const input = await this.tab.$('#' + id);
        await input.uploadFile(...files);
    }
    // The message that the page shows.
    async message(seconds = 30) {
        await this.until(() => !$('message').hidden, seconds);
        return this.text('message');
    }
    // Presses a button that saves a file; its bytes.
    async saved(id, name) {
        const file = path.join(this.work, name);
        fs.rmSync(file, {force: true});
        await this.click(id);
        for (let i = 0; i < 200 && !fs.existsSync(file); ++i) await new Promise((go) => setTimeout(go, 50));
        require(fs.existsSync(file), `${name} was not saved`);
        return file;
    }
    // A file to give to the page.
    file(name, bytes) {
        const place = path.join(this.work, name);
        fs.writeFileSync(place, bytes);
        return place;
    }
    // A bundled piece as a MIDI file.
    async piece(index) {
        const [name, bytes] = await this.run((i) => {
            const score = page.scores[i];
            return [score.name, [...page.engine.bytes('score', score.text, score.name)]];
        }, index);
        return this.file(name.replace('.score', '.mid'), Uint8Array.from(bytes));
    }

    // The first notes that a native program plays: [onset, length, pitch, velocity].
    native(model, seed, count) {
        const text = execFileSync(path.join(this.folder, 'native_notes'), [model, seed, count], {encoding: 'utf8'});
        return text.trim().split('\n').map((line) => line.split(' ').map(Number));
    }
    // The same by the library of the page, without sound. Its song then begins again.
    notes(seed, count) {
        return this.run((seed, count) => {
            page.engine.ask('start', seed);
            const notes = [];
            for (let i = 0; i < count; ++i) {
                const note = page.engine.peek();
                notes.push([note.onset, note.length, note.pitch, note.velocity]);
                page.engine.take();
            }
            play.begin();
            return notes;
        }, seed, count);
    }
}
