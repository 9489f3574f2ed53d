function made(name, text, className) {
  const element = document.createElement(name);
  element.textContent = text;
  if (className) element.className = className;
  return element;
}

// Shows a verdict.
function show(place, { holds, steps, unproved }) {
  const sign = { true: '✓ ', false: '✗ ', null: '– ' };
  const heading = made('p', '', holds ? 'verdict yes' : 'verdict no');
  heading.append(made('strong', sign[holds] + (holds ? words.proved : words.failed)));
  const list = made('ul', '', 'steps');
  list.append(...steps.map(step => made('li', sign[step.holds] + step.words, { true: 'yes', false: 'no', null: 'none' }[step.holds])));
  const not = made('ul', '', 'unproved');
  not.append(...unproved.map(sentence => made('li', sentence)));
  place.replaceChildren(heading, list, made('p', words.unproved), not);
  place.dataset.verdict = holds ? 'proved' : 'not-proved';
}
