// Takes the picture of docs/web.md, while a song plays.
//
//     picture.mjs FOLDER PICTURE

import path from 'node:path';
import {pathToFileURL} from 'node:url';
import {Page} from './page.mjs';

const [folder, picture] = process.argv.slice(2);
const page = await Page.open({folder, work: folder, address: pathToFileURL(path.resolve(folder, 'index.html')).href});
await page.fresh();
await page.tab.setViewport({width: 900, height: 860});
await page.run(() => {
    play.controls.density.value = 0.6;
    play.controls.tempo.value = 150;
    play.controls.tempo.changed();
    play.direct();
});
await page.click('play-button');
await page.until(() => play.position() > 40 * 384, 120);
await page.run(() => document.activeElement.blur());
await page.tab.screenshot({path: picture});
await page.close();
