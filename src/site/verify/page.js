// Puts the button where the page says how else it can be checked; of that only the way to the stand-alone page stays.
function control(own) {
  const button = made('button', words.button);
  button.type = 'button';
  const place = made('div', '', 'told');
  place.setAttribute('role', 'status');
  button.addEventListener('click', async () => {
    button.disabled = true;
    place.replaceChildren(made('p', words.running));
    const start = performance.now();
    const verdict = await check(readPage(document, true, own), () => proofOf(document), logProofsOf(document));
    const [style, ...others] = document.querySelectorAll(STYLES);
    const isOwn = !others.length && style && await digest('SHA-256', sha256, utf8(style.textContent)) === 'OWN_STYLE';
    if (!isOwn) verdict.unproved.unshift(say('notStyle'));
    verdict.unproved.unshift(say('notOwn'));
    show(place, verdict);
    place.dataset.milliseconds = performance.now() - start;
    button.disabled = false;
  });
  const link = own.querySelector('a');
  const alone = made('a', words.alone);
  if (link) alone.href = link.href;
  own.replaceChildren(button, ...link ? [' ', alone] : [], place);
}

control(document.getElementById('check'));
