// Names marks at once when pointed at or touched, and sorts tables by a column; all is there without it.
addEventListener('DOMContentLoaded', () => {
  const tip = document.createElement('div');
  tip.id = 'tip';
  tip.hidden = true;
  document.body.append(tip);
  for (const mark of document.querySelectorAll('.hit')) {
    mark.note = mark.textContent;
    mark.replaceChildren();
  }
  const show = event => {
    const note = event.target.note;
    tip.hidden = !note;
    if (!note) return;
    tip.textContent = note;
    const place = event.target.getBoundingClientRect(), width = document.documentElement.clientWidth;
    tip.style.left = Math.max(4, Math.min(place.right, width - tip.offsetWidth - 4)) + 'px';
    tip.style.top = Math.max(4, place.top - tip.offsetHeight) + 'px';
  };
  addEventListener('pointerover', show);
  addEventListener('pointerdown', show);
  const value = text => {
    const number = parseFloat(text.replaceAll(',', ''));
    return Number.isNaN(number) ? null : number;
  };
  for (const table of document.querySelectorAll('table:not(.facts)')) {
    table.querySelectorAll('th').forEach((head, column) => {
      head.classList.add('sorts');
      head.addEventListener('click', () => {
        const up = head.getAttribute('aria-sort') !== 'ascending';
        table.querySelectorAll('th').forEach(other => other.removeAttribute('aria-sort'));
        head.setAttribute('aria-sort', up ? 'ascending' : 'descending');
        const key = row => row.cells[column].textContent;
        const compare = (a, b) => {
          const [x, y] = [value(key(a)), value(key(b))];
          return x !== null && y !== null ? x - y : key(a).localeCompare(key(b));
        };
        const rows = [...table.tBodies[0].rows];
        // Sums stay below.
        const [sums, others] = [rows.filter(row => row.className === 'all'), rows.filter(row => row.className !== 'all')];
        others.sort((a, b) => up ? compare(a, b) : compare(b, a));
        table.tBodies[0].append(...others, ...sums);
      });
    });
  }
});
