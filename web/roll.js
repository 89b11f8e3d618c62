// Piano rolls, and curves: notes and numbers on a canvas, in the colours of the page.
'use strict';

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue('--' + name).trim();

// Makes the canvas as fine as the screen; returns [context, width, height] in CSS pixels.
function paper(canvas) {
    const {width, height} = canvas.getBoundingClientRect();
    const ratio = window.devicePixelRatio || 1;
    const w = Math.round(width * ratio), h = Math.round(height * ratio);
    if (canvas.width !== w || canvas.height !== h) {
        canvas.width = w;
        canvas.height = h;
    }
    const context = canvas.getContext('2d');
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    return [context, width, height];
}

// Notes between two ticks. `now`: a line there; what sounds at it is bright.
function drawRoll(canvas, notes, {from, to, now = null, low = null, high = null}) {
    const [context, width, height] = paper(canvas);
    if (width === 0) return;
    if (low === null) {
        low = Math.min(127, ...notes.map((note) => note.pitch)) - 2;
        high = Math.max(0, ...notes.map((note) => note.pitch)) + 2;
        if (high < low) [low, high] = [48, 72];
    }
    const rows = high - low + 1, row = height / rows;
    const x = (tick) => (tick - from) / (to - from) * width;
    const y = (pitch) => (high - pitch) * row;
    context.fillStyle = colour('row');
    for (let pitch = low; pitch <= high; ++pitch)
        if ([1, 3, 6, 8, 10].includes((pitch + 120) % 12)) context.fillRect(0, y(pitch), width, row);
    context.fillStyle = colour('line');
    for (let beat = Math.ceil(from / 384); 384 * beat < to; ++beat)
        if (beat >= 0) context.fillRect(x(384 * beat), 0, beat % 4 === 0 ? 1 : 0.4, height);
    context.fillStyle = colour('faint');
    context.font = '11px system-ui, sans-serif';
    for (let pitch = Math.ceil(low / 12) * 12; pitch <= high; pitch += 12)
        context.fillText(noteName(pitch), 3, y(pitch) + row / 2 + 4);
    for (const note of notes) {
        const end = note.onset + Math.max(note.length, 12);
        if (end < from || note.onset > to) continue;
        const sounds = now !== null && note.onset <= now && end > now;
        context.globalAlpha = sounds ? 1 : 0.35 + 0.65 * note.velocity / 127;
        context.fillStyle = colour(sounds ? 'bright' : 'note');
        context.beginPath();
        context.rect(x(note.onset), y(note.pitch) + row * 0.08, Math.max(2, x(end) - x(note.onset) - 1),
                     Math.max(1.5, row * 0.84));
        context.fill();
    }
    context.globalAlpha = 1;
    if (now !== null) {
        context.fillStyle = colour('bright');
        context.fillRect(x(now), 0, 1.5, height);
    }
}

// Curves over one axis: [{name, points: [[x, y], ...], tone}].
function drawCurves(canvas, curves, {xName = ''} = {}) {
    const [context, width, height] = paper(canvas);
    const all = curves.flatMap((curve) => curve.points);
    if (width === 0 || all.length === 0) return;
    const left = 44, right = 8, top = 18, bottom = 20;
    const [x0, x1] = [Math.min(...all.map((p) => p[0])), Math.max(...all.map((p) => p[0]))];
    let [y0, y1] = [Math.min(...all.map((p) => p[1])), Math.max(...all.map((p) => p[1]))];
    if (y1 - y0 < 1e-9) [y0, y1] = [y0 - 0.5, y1 + 0.5];
    const x = (v) => left + (v - x0) / Math.max(1e-9, x1 - x0) * (width - left - right);
    const y = (v) => top + (y1 - v) / (y1 - y0) * (height - top - bottom);
    context.font = '11px system-ui, sans-serif';
    context.lineWidth = 1;
    for (let i = 0; i <= 4; ++i) {
        const v = y0 + (y1 - y0) * i / 4;
        context.fillStyle = colour('line');
        context.fillRect(left, y(v), width - left - right, 0.5);
        context.fillStyle = colour('faint');
        context.fillText(v.toPrecision(3), 4, y(v) + 4);
    }
    context.fillText(xName, left, height - 5);
    const end = x1.toFixed(1);
    context.fillText(end, width - right - context.measureText(end).width, height - 5);
    let legend = left;
    for (const curve of curves) {
        if (curve.points.length === 0) continue;
        context.strokeStyle = context.fillStyle = colour(curve.tone);
        context.lineWidth = 1.6;
        context.beginPath();
        for (const [i, p] of curve.points.entries())
            if (i === 0) context.moveTo(x(p[0]), y(p[1]));
            else context.lineTo(x(p[0]), y(p[1]));
        context.stroke();
        if (curve.dots)
            for (const p of curve.points) context.fillRect(x(p[0]) - 2, y(p[1]) - 2, 4, 4);
        context.fillText(curve.name, legend, 12);
        legend += context.measureText(curve.name).width + 16;
    }
}
