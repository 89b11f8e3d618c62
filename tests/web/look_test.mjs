import {require, requireEqual} from './page.mjs';

const pages = ['play', 'train', 'learn'];

export const tests = [
    ['nothing but the file itself is loaded', async (page) => {
        for (const name of pages) await page.go(name);
        const others = page.requests.filter((url) => !url.startsWith(page.address));
        requireEqual(others, [], 'requests');
        // And the browser would not let it.
        const refused = await page.run(() => fetch('http://localhost:9/').then(() => 'sent', (error) => error.name));
        requireEqual(refused, 'TypeError', 'a request');
        require(page.faults.every((text) => text.includes('Content Security Policy') || text.includes('Fetch API')), page.faults.join());
        page.faults = [];  // of this request alone
    }],
    ['every page fits a phone, and a narrow one', async (page) => {
        for (const width of [320, 375, 768]) {
            await page.tab.setViewport({width, height: 700});
            for (const name of pages) {
                await page.go(name);
                const [needed, there] = await page.run(() => [document.documentElement.scrollWidth, innerWidth]);
                require(needed <= there, `${name} is ${needed} wide on a screen of ${there}`);
            }
        }
    }],
    ['text can be read, in light and in dark', async (page) => {
        const backgrounds = [];
        for (const value of ['light', 'dark']) {
            await page.tab.emulateMediaFeatures([{name: 'prefers-color-scheme', value}]);
            backgrounds.push(await page.run(() => getComputedStyle(document.body).backgroundColor));
            const ratios = await page.run(() => {
                const light = (name) => {
                    const parts = colour(name).match(/\w\w/g).map((hex) => parseInt(hex, 16) / 255)
                        .map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
                    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
                };
                const pairs = [['text', 'paper'], ['text', 'box'], ['faint', 'paper'], ['faint', 'box'], ['accent', 'paper'],
                               ['on-accent', 'accent'], ['warn', 'warn-paper'], ['bright', 'box']];
                return pairs.map(([a, b]) => {
                    const [low, high] = [light(a), light(b)].sort((x, y) => x - y);
                    return [a, b, (high + 0.05) / (low + 0.05)];
                });
            });
            for (const [a, b, ratio] of ratios) require(ratio >= 4.5, `${value}: ${a} on ${b} has a contrast of ${ratio}`);
        }
        requireEqual(new Set(backgrounds).size, 2, 'different backgrounds');
    }],
    ['all controls have a name, and the keyboard reaches them', async (page) => {
        for (const name of pages) {
            await page.go(name);
            const unnamed = await page.run((name) => [...$(name).querySelectorAll('button, input, select, canvas')]
                .filter((one) => !(one.labels?.length > 0 && one.labels[0].textContent.trim()) && !one.textContent.trim() &&
                        !one.getAttribute('aria-label')).map((one) => one.outerHTML), name);
            requireEqual(unnamed, [], `${name}: without a name`);
            const hidden = await page.run((name) => [...$(name).querySelectorAll('button, input, select, a')]
                .filter((one) => one.tabIndex < 0).length, name);
            requireEqual(hidden, 0, `${name}: out of reach`);
        }
        await page.go('play');
        await page.tab.focus('#play-button');
        await page.tab.keyboard.press('Space');
        await page.until(() => play.playing, 10);
        await page.tab.keyboard.press('Space');
        await page.until(() => !play.playing, 10);
    }],
];
