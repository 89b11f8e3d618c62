// The library in node: the same files as in the page. `library`: module.js, beside module.wasm.

import fs from 'node:fs';
import {createRequire} from 'node:module';
import path from 'node:path';
import {fileURLToPath} from 'node:url';
import vm from 'node:vm';

export async function loadEngine(library) {
    const createMgan = createRequire(import.meta.url)(path.resolve(library));
    const text = fs.readFileSync(path.join(path.dirname(fileURLToPath(import.meta.url)), 'engine.js'), 'utf8');
    const Engine = vm.runInThisContext(`(createMgan) => { ${text}\nreturn Engine; }`)(createMgan);
    return Engine.create(fs.readFileSync(library.replace(/js$/, 'wasm')));
}
