// Shows what a token's title says at once, and to fingers too; without this, a browser shows titles by itself.
addEventListener('DOMContentLoaded', () => {
  const tip = document.createElement('div');
  tip.id = 'tip';
  tip.hidden = true;
  document.body.append(tip);
  let on = null;
  const show = token => {
    if (on) { on.title = on.note; on.classList.remove('on'); }
    on = token;
    tip.hidden = !token;
    if (!token) return;
    token.note = token.title;
    token.removeAttribute('title');
    token.classList.add('on');
    tip.textContent = token.note;
    const place = token.getClientRects()[0], width = document.documentElement.clientWidth;
    tip.style.left = Math.max(4, Math.min(place.left, width - tip.offsetWidth - 4)) + 'px';
    const below = place.bottom + 4;
    tip.style.top = (below + tip.offsetHeight < innerHeight ? below : place.top - tip.offsetHeight - 4) + 'px';
  };
  const at = event => event.target.closest?.('.rows i[title], .rows i.on') ?? null;
  addEventListener('pointerover', event => { const token = at(event); if (token !== on) show(token); });
  addEventListener('pointerdown', event => { const token = at(event); if (token !== on) show(token); });
  addEventListener('scroll', () => show(null), { passive: true });
});
