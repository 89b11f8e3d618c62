// The page in headless Chromium, as a user has it: opened from the disk.
//
//     run.mjs FOLDER [PATTERN]      FOLDER: build/web; PATTERN: only tests whose name matches
//
// scripts/web --test builds what it needs. Status 1 if a test fails.

import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {pathToFileURL} from 'node:url';
import {Page} from './page.mjs';
import {tests as learn} from './learn_test.mjs';
import {tests as look} from './look_test.mjs';
import {tests as play} from './play_test.mjs';
import {tests as train} from './train_test.mjs';

const [folder, pattern = ''] = process.argv.slice(2);
const work = fs.mkdtempSync(path.join(os.tmpdir(), 'mgan-web-'));
const page = await Page.open({folder, work, address: pathToFileURL(path.join(folder, 'index.html')).href});
let failed = 0, done = 0;
for (const [name, test] of [...play, ...train, ...learn, ...look]) {
    if (!name.includes(pattern)) continue;
    const begin = Date.now();
    ++done;
    try {
        await page.fresh();
        await test(page);
        if (page.faults.length > 0) throw new Error('the console says: ' + page.faults.join('; '));
        console.log(`ok    ${name} (${((Date.now() - begin) / 1000).toFixed(1)} s)`);
    } catch (error) {
        ++failed;
        console.log(`FAILED ${name}\n       ${error.stack.split('\n').filter((line, i) => i === 0 || line.includes('tests/web')).join('\n       ')}`);
    }
}
await page.close();
fs.rmSync(work, {recursive: true});
console.log(`${done - failed} of ${done} tests passed`);
process.exit(failed > 0 || done === 0 ? 1 : 0);
