import fs from 'node:fs';
import {require, requireEqual} from './page.mjs';

// "name  number number ..." of what PyTorch computes for the chapter.
function oracle(name) {
    const text = fs.readFileSync('docs/oracles/lstm.txt', 'utf8');
    const line = text.split('\n').find((each) => each.trim().startsWith(name));
    require(line, `docs/oracles/lstm.txt has no ${name}`);
    return line.trim().slice(name.length).match(/-?\d+\.\d+(e-?\d+)?/g).map(Number);
}

export const tests = [
    ['the LSTM has the numbers of the chapter, which PyTorch computed', async (page) => {
        await page.go('learn');
        const result = await page.run(() => learn.compute());
        const near = (found, expected, what) => {
            requireEqual(found.length, expected.length, what);
            found.forEach((number, i) => require(Math.abs(number - expected[i]) < 1e-6, `${what}: ${found} is not ${expected}`));
        };
        near(result.steps.map((row) => row[5]), oracle('h'), 'h');
        near(result.by_hand.slice(0, 4), oracle('dW_ih'), 'dW_ih');
        near(result.by_hand.slice(4, 8), oracle('dW_hh'), 'dW_hh');
        near(result.by_hand.slice(8, 12), oracle('db'), 'db');
    }],
    ['both gradients agree wherever the sliders are', async (page) => {
        await page.go('learn');
        const worst = await page.run(() => {
            let worst = 0, state = 1;
            for (let round = 0; round < 50; ++round) {
                for (const slider of [...learn.parameters, ...learn.x, ...learn.dy]) {
                    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
                    slider.value = -2 + 4 * state / 2 ** 32;
                }
                learn.show();
                worst = Math.max(worst, learn.worst);
            }
            return worst;
        });
        require(worst > 0 && worst < 1e-14, `${worst}`);
    }],
    ['a slider moves by the keyboard, and all follows; a step downhill lowers the loss', async (page) => {
        await page.go('learn');
        const before = await page.text('gradient-table');
        await page.tab.focus('#parameter-sliders input');
        await page.tab.keyboard.press('ArrowRight');
        require(await page.text('gradient-table') !== before, 'the table did not change');
        const loss = () => page.run(() => learn.compute().loss);
        const first = await loss();
        await page.click('descend-button');
        require(await loss() < first, 'the loss did not fall');
        await page.click('chapter-button');
        requireEqual(await page.text('gradient-table'), before, 'the numbers of the chapter');
    }],
];
