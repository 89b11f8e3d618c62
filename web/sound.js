// Notes to sound: a small synthesiser on WebAudio, or an instrument on MIDI.
'use strict';

class Sound {
    constructor() {
        this.audio = null;
        this.volume = 0.8;
        this.port = null;  // a MIDI output, if one was chosen
        this.voices = new Set();
    }

    // Browsers allow sound only after a click: call this from one.
    async wake() {
        if (!this.audio) {
            this.audio = new AudioContext({latencyHint: 'interactive'});
            const {audio} = this;
            this.master = audio.createGain();
            this.master.gain.value = this.volume;
            const limiter = audio.createDynamicsCompressor();
            limiter.threshold.value = -12;
            limiter.ratio.value = 8;
            this.analyser = audio.createAnalyser();
            this.analyser.fftSize = 2048;
            const room = audio.createConvolver(), wet = audio.createGain();
            room.buffer = this.echo(1.6);
            wet.gain.value = 0.16;
            this.bus = audio.createGain();
            this.bus.gain.value = 0.32;
            this.bus.connect(this.master);
            this.bus.connect(room).connect(wet).connect(this.master);
            this.master.connect(limiter).connect(this.analyser).connect(audio.destination);
            // A struck string: its partials, weaker upwards.
            const partials = [0, 1, 0.55, 0.32, 0.2, 0.1, 0.06, 0.035, 0.02];
            this.wave = audio.createPeriodicWave(new Float32Array(partials.length), new Float32Array(partials));
        }
        if (this.audio.state !== 'running') await this.audio.resume();
    }
    // Decaying noise: the answer of a small room.
    echo(seconds) {
        const {audio} = this, length = Math.round(seconds * audio.sampleRate);
        const buffer = audio.createBuffer(2, length, audio.sampleRate);
        let state = 12345;
        for (let channel = 0; channel < 2; ++channel) {
            const samples = buffer.getChannelData(channel);
            for (let i = 0; i < length; ++i) {
                state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
                samples[i] = (state / 2 ** 31 - 1) * (1 - i / length) ** 3;
            }
        }
        return buffer;
    }

    get now() {
        return this.audio?.currentTime ?? 0;
    }
    setVolume(volume) {
        this.volume = volume;
        if (this.audio) this.master.gain.setTargetAtTime(volume, this.now, 0.03);
    }

    // Plays a note at a time of `now`'s clock; returns what `cancel` takes.
    play(pitch, velocity, time, seconds) {
        const voice = this.port ? this.send(pitch, velocity, time, seconds)
                                : this.strike(pitch, velocity, time, seconds);
        this.voices.add(voice);
        return voice;
    }
    strike(pitch, velocity, time, seconds) {
        const {audio} = this, start = Math.max(time, this.now + 0.002);
        const strength = (velocity / 127) ** 1.6;
        const string = audio.createOscillator(), body = audio.createBiquadFilter(), level = audio.createGain();
        string.setPeriodicWave(this.wave);
        string.frequency.value = 440 * 2 ** ((pitch - 69) / 12);
        // Louder notes are brighter, and grow dark as they fade.
        body.type = 'lowpass';
        const bright = Math.min(12000, string.frequency.value * (2 + 10 * strength));
        body.frequency.setValueAtTime(bright, start);
        body.frequency.setTargetAtTime(bright * 0.35, start, 0.5);
        const fade = 1.8 * 2 ** ((60 - pitch) / 24), release = 0.09;
        const end = start + Math.max(0.04, seconds);
        level.gain.setValueAtTime(0, start);
        level.gain.linearRampToValueAtTime(strength, start + 0.006);
        level.gain.setTargetAtTime(0, start + 0.006, fade);
        level.gain.setTargetAtTime(0, end, release);
        string.connect(body).connect(level).connect(this.bus);
        string.start(start);
        string.stop(end + 6 * release);
        const voice = {start, end, stop: () => {
            level.gain.cancelScheduledValues(0);
            level.gain.setTargetAtTime(0, this.now, 0.02);
            string.stop(this.now + 0.15);
        }};
        string.onended = () => {
            level.disconnect();
            this.voices.delete(voice);
        };
        return voice;
    }
    send(pitch, velocity, time, seconds) {
        const {port} = this;
        const at = performance.now() + 1000 * (time - this.now);
        const end = time + Math.max(0.03, seconds);
        port.send([0x90, pitch, velocity], at);
        port.send([0x80, pitch, 64], at + 1000 * (end - time));
        const voice = {start: time, end, stop: () => {
            port.clear?.();
            port.send([0x80, pitch, 64]);
        }};
        setTimeout(() => this.voices.delete(voice), 1000 * (end - this.now) + 500);
        return voice;
    }
    // Ends all that sounds or waits. Returns the voices that had not begun.
    silence() {
        const waiting = new Set();
        for (const voice of this.voices) {
            if (voice.start > this.now) waiting.add(voice);
            voice.stop();
        }
        this.voices.clear();
        return waiting;
    }

    // How loud it is now: the root of the mean square of the last samples.
    level() {
        if (!this.analyser) return 0;
        const samples = new Float32Array(this.analyser.fftSize);
        this.analyser.getFloatTimeDomainData(samples);
        return Math.sqrt(samples.reduce((sum, s) => sum + s * s, 0) / samples.length);
    }
}
