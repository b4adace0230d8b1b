// Extracts the word lists beside it from their sources, which NOTICE.md names:
//   npm install --prefix DIR @faker-js/faker@10.6.0; go mod download -json github.com/brianvoe/gofakeit/v7@v7.18.2
//   node extract.mjs DIR/node_modules/@faker-js/faker/dist/index.js GOFAKEIT_DIR
// Everything after this step needs Go alone.
import fs from 'node:fs';
import path from 'node:path';
import {fileURLToPath, pathToFileURL} from 'node:url';

const [faker, gofakeit] = process.argv.slice(2);
const {allLocales} = await import(pathToFileURL(path.resolve(faker)).href);
const sets = {first: new Map(), last: new Map(), city: new Map(), common: new Map()};

// Scripts without letter case have no capitalized words, which is all that the engine looks at.
const cased = /^\p{Lu}[\p{L}'’.\- ]*$/u;

const add = (set, value, source) => {
	if (Array.isArray(value)) value.forEach((v) => add(set, v, source));
	else if (value && typeof value === 'object' && 'value' in value) add(set, value.value, source);
	else if (value && typeof value === 'object') Object.values(value).forEach((v) => add(set, v, source));
	else if (typeof value === 'string') {
		value = value.normalize('NFC').replace(/’/g, "'").trim();
		if (!sets[set].has(value)) sets[set].set(value, new Set());
		sets[set].get(value).add(source);
	}
};
for (const [locale, l] of Object.entries(allLocales)) {
	const language = locale.split('_')[0];
	add('first', l.person?.first_name, language);
	add('last', l.person?.last_name, language);
	add('city', l.location?.city_name, language);
	if (/^(en|de|fr|es|it|pt|nl)$/.test(locale)) {
		for (const part of [l.word, l.color, l.company, l.hacker, l.commerce, l.animal, l.food, l.music?.genre, l.person?.job_area, l.person?.job_descriptor, l.person?.job_type, l.date?.month, l.date?.weekday, l.location?.country])
			add('common', part, language);
	}
}
const goList = (file, field) => {
	const text = fs.readFileSync(path.join(gofakeit, 'data', file), 'utf8');
	const m = text.match(new RegExp(`"${field}":\\s*\\{([^}]*)\\}`));
	return m ? [...m[1].matchAll(/"([^"]*)"/g)].map((q) => q[1]) : [];
};
add('first', goList('person.go', 'first'), 'go');
add('last', goList('person.go', 'last'), 'go');
add('city', goList('address.go', 'city'), 'go');
for (const m of fs.readFileSync(path.join(gofakeit, 'data', 'word.go'), 'utf8').matchAll(/"([^"]*)"/g)) add('common', m[1], 'go');

for (const [set, words] of Object.entries(sets)) {
	const lines = new Map();
	for (const [value, sources] of words) {
		const parts = set === 'city' ? [value] : value.split(/[ ,/]+/);
		if (set !== 'common' && !cased.test(value)) continue;
		for (const p of parts) {
			const word = set === 'common' ? p.toLowerCase() : p;
			if (word.length < 2 || word.length > 40 || !/^\p{L}[\p{L}'.\- ]*$/u.test(word) || (set !== 'common' && !cased.test(word))) continue;
			lines.set(word, new Set([...(lines.get(word) ?? []), ...sources]));
		}
	}
	const out = [...lines].map(([w, s]) => (s.size > 1 && set !== 'city' && set !== 'common' ? `${w}\t${s.size}` : w)).sort();
	fs.writeFileSync(path.join(path.dirname(fileURLToPath(import.meta.url)), set + '.txt'),
		'# From @faker-js/faker 10.6.0 and gofakeit 7.18.2, both under the MIT license: see NOTICE.md.' + (set === 'first' || set === 'last' ? ' A number is in how many languages.' : '') + '\n' + out.join('\n') + '\n');
	console.log(set, out.length);
}
