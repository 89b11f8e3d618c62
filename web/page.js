// What all three pages need: finding elements, messages, sliders, files, the address.
'use strict';

const $ = (id) => document.getElementById(id);
page.engine = null;

function element(name, properties = {}, ...children) {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
}

// An error stays until something goes well, or until it is clicked.
function complain(text) {
    $('message').textContent = text;
    $('message').hidden = false;
    $('message').scrollIntoView({block: 'nearest'});
}
function content() {
    $('message').hidden = true;
}
$('message').addEventListener('click', content);

function save(bytes, name, type) {
    const url = URL.createObjectURL(new Blob([bytes], {type}));
    element('a', {href: url, download: name}).click();
    setTimeout(() => URL.revokeObjectURL(url), 10000);
}

const bytesOf = async (file) => new Uint8Array(await file.arrayBuffer());

const kPitchNames = ['C', 'C#', 'D', 'Eb', 'E', 'F', 'F#', 'G', 'Ab', 'A', 'Bb', 'B'];
const noteName = (pitch) => kPitchNames[pitch % 12] + (Math.floor(pitch / 12) - 1);

const kForms = {
    plain: (x) => String(x),
    percent: (x) => Math.round(100 * x) + ' %',
    power: (x) => 'x ' + (2 ** x).toFixed(2),
    semitones: (x) => (x > 0 ? '+' : '') + x + ' semitones',
    voices: (x) => (x === 0 ? 'any number' : String(x)),
    note: noteName,
    real: (x) => x.toFixed(2),
};

// A slider with its name and its value in words. `value` is null where it was left alone.
class Slider {
    static count = 0;

    constructor(place, {label, min, max, step, value, form = 'plain', unit = '', free = false, help = ''}) {
        this.first = value;
        this.free = free;  // until it is moved it has no value
        this.isFree = free;
        this.words = (x) => (this.isFree ? 'as it comes' : kForms[form](x) + unit);
        // Named, since a label would otherwise belong to the output, which comes first.
        const id = `slider-${++Slider.count}`;
        this.input = element('input', {type: 'range', id, min, max, step, value, title: help});
        this.output = element('output');
        this.input.addEventListener('input', () => {
            this.isFree = false;
            this.show();
            this.changed?.();
        });
        place.append(element('label', {className: 'slide', htmlFor: id, title: help}, element('span', {}, label),
                             this.output, this.input));
        this.show();
    }
    get value() {
        return this.isFree ? null : Number(this.input.value);
    }
    set value(number) {
        this.isFree = number === null;
        this.input.value = number ?? this.first;
        this.show();
    }
    reset() {
        this.value = this.free ? null : this.first;
    }
    show() {
        const words = this.words(Number(this.input.value));
        this.output.textContent = words;
        this.input.setAttribute('aria-valuetext', words);
    }
}

// ---- files --------------------------------------------------------------------------------------

// All files of what was dropped, folders opened: [{name, file}].
async function filesOf(transfer) {
    const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
    if (entries.length === 0) return [...transfer.files].map((file) => ({name: file.name, file}));
    const found = [];
    const visit = async (entry, path) => {
        if (entry.isFile) {
            const file = await new Promise((good, bad) => entry.file(good, bad));
            found.push({name: path + entry.name, file});
        } else {
            const reader = entry.createReader();
            for (;;) {  // a reader gives a hundred at a time
                const some = await new Promise((good, bad) => reader.readEntries(good, bad));
                if (some.length === 0) break;
                for (const one of some) await visit(one, path + entry.name + '/');
            }
        }
    };
    for (const entry of entries) await visit(entry, '');
    return found;
}

// Calls use(files) for what is dropped on a box, or anywhere else on its section.
function onDrop(kind, use) {
    const box = document.querySelector(`[data-drop=${kind}]`);
    for (const name of ['dragenter', 'dragover'])
        box.addEventListener(name, (event) => {
            event.preventDefault();
            box.classList.add('over');
        });
    box.addEventListener('dragleave', () => box.classList.remove('over'));
    box.addEventListener('drop', async (event) => {
        event.preventDefault();
        event.stopPropagation();
        box.classList.remove('over');
        try {
            await use(await filesOf(event.dataTransfer));
        } catch (error) {
            complain(error.message);
        }
    });
}
function onChoice(id, use) {
    $(id).addEventListener('change', async () => {
        const files = [...$(id).files].map((file) => ({name: file.webkitRelativePath || file.name, file}));
        $(id).value = '';  // so that the same file can be chosen again
        try {
            if (files.length > 0) await use(files);
        } catch (error) {
            complain(error.message);
        }
    });
}
// What misses a box must not replace the page.
for (const name of ['dragover', 'drop']) window.addEventListener(name, (event) => event.preventDefault());

// ---- the three pages ----------------------------------------------------------------------------

const kPages = ['play', 'train', 'learn'];
function showPage() {
    const shown = kPages.find((name) => location.hash === '#' + name) ?? 'play';
    for (const name of kPages) $(name).hidden = name !== shown;
    for (const link of document.querySelectorAll('nav a'))
        if (link.hash === '#' + shown) link.setAttribute('aria-current', 'page');
        else link.removeAttribute('aria-current');
    window.dispatchEvent(new Event('resize'));  // canvases measure themselves
}
window.addEventListener('hashchange', () => { content(); showPage(); window.scrollTo(0, 0); });

const unpacked = async (text) => {
    const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
    return new Uint8Array(await new Response(stream).arrayBuffer());
};
page.library = unpacked(page.packed.library);
page.model = unpacked(page.packed.model);
page.ready = page.library.then((library) => Engine.create(library)).then((engine) => {
    page.engine = engine;
    $('version').textContent = engine.module.UTF8ToString(engine.module._mgan_version());
});
page.ready.catch((error) => complain('This browser cannot run the library: ' + error.message));
