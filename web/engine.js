// The library as an object: text and bytes in, text and bytes out. Also in the worker.
'use strict';

class Engine {
    // `wasmBinary`: the bytes of module.wasm. With them, nothing is fetched.
    static async create(wasmBinary) {
        const engine = new Engine();
        engine.module = await createMgan({wasmBinary});
        return engine;
    }

    // Calls mgan_NAME. Strings and byte arrays are copied into the library's memory for the call;
    // numbers are numbers. Throws an Error with the library's message where it refuses.
    call(name, ...values) {
        const held = [];
        const hold = (size) => {
            const place = this.module._malloc(size || 1);
            if (!place) throw new Error('not enough memory');
            held.push(place);
            return place;
        };
        const given = [];
        try {
            for (const value of values) {
                if (typeof value === 'string') {
                    const size = this.module.lengthBytesUTF8(value) + 1;
                    const place = hold(size);
                    this.module.stringToUTF8(value, place, size);
                    given.push(place);
                } else if (value instanceof Uint8Array) {
                    const place = hold(value.length);
                    this.module.HEAPU8.set(value, place);
                    given.push(place, value.length);
                } else if (value instanceof Float64Array) {
                    const place = hold(8 * value.length);
                    this.module.HEAPF64.set(value, place / 8);
                    given.push(place);
                } else {
                    given.push(value);
                }
            }
            const result = this.module['_mgan_' + name](...given);
            return result;
        } finally {
            for (const place of held) this.module._free(place);
        }
    }
    ask(name, ...values) {
        if (!this.call(name, ...values)) throw new Error(this.text());
        return this.text();
    }
    json(name, ...values) {
        return JSON.parse(this.ask(name, ...values));
    }
    bytes(name, ...values) {
        this.ask(name, ...values);
        const place = this.module._mgan_bytes();
        return this.module.HEAPU8.slice(place, place + this.module._mgan_size());
    }
    text() {
        return this.module.UTF8ToString(this.module._mgan_text());
    }

    // The next note of the player, or null.
    peek() {
        const place = this.module._mgan_peek() / 8;
        if (!place) return null;
        const [onset, length, pitch, velocity] = this.module.HEAPF64.subarray(place, place + 4);
        return {onset, length, pitch, velocity};
    }
    take() {
        this.module._mgan_take();
    }
}

const notesOf = (flat) => {
    const notes = [];
    for (let i = 0; i < flat.length; i += 4)
        notes.push({onset: flat[i], length: flat[i + 1], pitch: flat[i + 2], velocity: flat[i + 3]});
    return notes;
};
