// Trains the model that comes with the page: on the bundled scores, by the library as it runs in the
// page. A minute or two.
//
//     train_model.mjs LIBRARY SCORES MODEL

import fs from 'node:fs';
import path from 'node:path';
import {loadEngine} from './load_engine.mjs';

const [library, scores, model] = process.argv.slice(2);
const engine = await loadEngine(library);
for (const name of fs.readdirSync(scores).filter((each) => each.endsWith('.score')).sort())
    engine.ask('add_score', fs.readFileSync(path.join(scores, name), 'utf8'), name);
// From the fourth epoch on, so few pieces are learnt by heart, and the validation loss rises.
engine.ask('begin', 'preset=quick\nvariant=c-rnn-gan\npretrain.epochs=4\nevaluation.every=4\n');
for (let report = {}; !report.finished;) {
    report = engine.json('run', 1e9);
    const {epoch, loss_pretrain: loss, validation_loss_pretrain: validation} = report.record;
    console.log(`epoch ${epoch} of ${report.epochs}: loss ${loss.toFixed(3)}, validation ${validation.toFixed(3)}`);
}
fs.writeFileSync(model, engine.bytes('trained'));
