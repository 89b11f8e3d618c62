// One file of everything: puts scripts, style, library, model and scores into index.html.
//
//     make_page.mjs SOURCES LIBRARY MODEL SCORES PAGE
//
// A page of one file can be opened from a disk, where browsers load no other file, and be passed on.

import fs from 'node:fs';
import path from 'node:path';
import zlib from 'node:zlib';

const [sources, library, model, scores, output] = process.argv.slice(2);
const text = (file) => fs.readFileSync(file, 'utf8');

const packed = (file) => zlib.gzipSync(fs.readFileSync(file), {level: 9}).toString('base64');
const pieces = fs.readdirSync(scores).filter((name) => name.endsWith('.score')).sort()
    .map((name) => ({name, text: text(path.join(scores, name))}));
const data = `'use strict';
const page = {scores: ${JSON.stringify(pieces)}, packed: {library: '${packed(library.replace(/js$/, 'wasm'))}', model: '${packed(model)}'}};
`;
const made = {'module.js': text(library), 'data.js': data};

let html = text(path.join(sources, 'index.html'));
// What ends a script must not stand in one. (A function: `$&` in the text means nothing.)
const safe = (script) => script.replaceAll('</script', '<\\/script').replaceAll('<!--', '<\\!--');
html = html.replace(/<link rel="stylesheet" href="([\w.]+)">/g, (_, name) => `<style>\n${text(path.join(sources, name))}</style>`);
html = html.replace(/<script([^>]*?) src="([\w.]+)"><\/script>/g, (_, rest, name) =>
    `<script${rest}>\n${safe(made[name] ?? text(path.join(sources, name)))}</script>`);
if (/(src|href)="[\w.]+\.(js|css)"/.test(html)) throw new Error('a file was not put in');
fs.writeFileSync(output, html);
console.log(`${output}: ${(fs.statSync(output).size / 1e6).toFixed(1)} MB`);
