/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The page of "qemu-policy report --html". The data are sums (policy-report-
 * html.c writes them): totals, and the most frequent rows with a coarse time
 * line each. Without a filter the totals are shown; with one, sums of rows.
 *
 * Names of programs, paths and the like were chosen by guests: they reach the
 * document as text nodes and never as markup.
 */
'use strict';
(() => {
  const data = JSON.parse(document.getElementById('data').textContent);
  const COARSE = 64, SHARE = 8, STEP = 100, CALLS = 24, PROGRAMS = 16;
  const CALL = 0, RESULT = 1, PROGRAM = 2, OBJECT = 3, RULE = 4;
  const names = ['call', 'result', 'program', 'path or address', 'rule'];
  const text = (i) => data.strings[i];
  const svgns = 'http://www.w3.org/2000/svg';

  const rows = data.rows.map((r) => ({
    field: r.slice(0, 5), count: r[5], missing: r[6], first: r[7], last: r[8],
    fix: r[9], series: r[10], all: r.slice(0, 5).map(text).join(' ').toLowerCase(),
    shown: 0,
  }));
  const kept = rows.reduce((n, r) => n + r.count, 0);
  const state = {
    find: '', field: [null, null, null, null, null], from: 0, to: COARSE,
    sort: 'count', down: true, limit: STEP,
  };

  /* --- small things ----------------------------------------------------- */

  function make(tag, attributes, ...children) {
    const e = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
      if (typeof value === 'function') {
        e.addEventListener(name, value);
      } else if (value !== null && value !== false) {
        e.setAttribute(name, value);
      }
    }
    e.append(...children);
    return e;
  }

  function draw(tag, attributes, content) {
    const e = document.createElementNS(svgns, tag);
    for (const [name, value] of Object.entries(attributes)) {
      e.setAttribute(name, value);
    }
    if (content !== undefined) {
      e.textContent = content;
    }
    return e;
  }

  const byId = (id) => document.getElementById(id);
  const number = (n) => n.toLocaleString('en-US');
  const atLeast = (n, missing) => number(n) + (missing ? '+' : '');
  const stamp = (ms) => new Date(ms).toISOString().replace('T', ' ').slice(0, 19);
  const oneDay = stamp(data.clock.first).slice(0, 10) ===
    stamp(data.clock.last).slice(0, 10);
  const short = (ms) => oneDay ? stamp(ms).slice(11) : stamp(ms).slice(5, 16);

  function length(ms) {
    for (const [size, unit] of [[86400000, 'd'], [3600000, 'h'],
                                [60000, 'min'], [1000, 's']]) {
      if (ms >= size) {
        return +(ms / size).toPrecision(3) + ' ' + unit;
      }
    }
    return ms + ' ms';
  }

  /* --- what is chosen --------------------------------------------------- */

  const inTime = () => state.from > 0 || state.to < COARSE;
  const filtered = () => state.find !== '' || inTime() ||
    state.field.some((f) => f !== null);

  function inRange(row) {
    let n = 0;
    if (!inTime()) {
      return row.count;
    }
    for (let i = 0; i < row.series.length; i += 2) {
      if (row.series[i] >= state.from && row.series[i] < state.to) {
        n += row.series[i + 1];
      }
    }
    return n;
  }

  /* The rows within the filter; "but" is a field whose own choice is left
   * out, so that its list still shows what else there is. */
  function chosen(but) {
    const find = state.find.toLowerCase();
    return rows.filter((r) => {
      for (let f = 0; f < 5; f++) {
        if (f !== but && state.field[f] !== null && r.field[f] !== state.field[f]) {
          return false;
        }
      }
      if (find !== '' && !r.all.includes(find)) {
        return false;
      }
      r.shown = inRange(r);
      return r.shown > 0;
    });
  }

  function sums(list, key) {
    const map = new Map();
    for (const r of list) {
      map.set(key(r), (map.get(key(r)) || 0) + r.shown);
    }
    return map;
  }

  function choose(field, value) {
    state.field[field] = state.field[field] === value ? null : value;
    state.limit = STEP;
    render();
  }

  /* --- head ------------------------------------------------------------- */

  function renderHead() {
    const by = data.by, c = data.classes, more = (t) => number(t.kinds) + (t.complete ? '' : '+');
    const tiles = [
      [data.word, number(data.counted), 'hot'], ['calls', more(by.call)],
      ['programs', more(by.program)], ['rules', more(by.rule)],
      ['paths and addresses', more(by.path)],
    ];
    if (data.lost) {
      tiles.push(['lost by the log', number(data.lost), 'hot']);
    }
    if (data.limited) {
      tiles.push(['left out by a limit', number(data.limited), 'hot']);
    }
    if (data.damaged + data.foreign) {
      tiles.push(['lines not understood', number(data.damaged + data.foreign), 'hot']);
    }
    byId('tiles').append(...tiles.map(([term, value, kind]) => make('div',
      { class: kind || '' }, make('dt', null, term), make('dd', null, value))));
    byId('span').textContent = data.counted ?
      stamp(data.clock.first) + ' to ' + stamp(data.clock.last) + ' UTC' : 'nothing to count';
    byId('logs').textContent = data.logs.join(', ');
    const besides = [['refused', c[0]], ['let through (permissive)', c[1]],
      ['emulated', c[2]], ['allowed', c[3]], ['messages', c[4]],
      ['records outside the filter', data.filtered]]
      .filter(([, n]) => n > 0).map(([word, n]) => number(n) + ' ' + word);
    byId('besides').textContent = 'In the log: ' + (besides.join(', ') || 'nothing') + '.';
    document.title = number(data.counted) + ' ' + data.word + ' – audit report';
  }

  function renderChips() {
    const chips = [];
    state.field.forEach((value, f) => {
      if (value !== null) {
        chips.push(make('button', { type: 'button', click: () => choose(f, value),
          'aria-label': 'Remove filter ' + names[f] + ' ' + text(value) },
        names[f] + ': ' + (text(value) || '–') + ' ✕'));
      }
    });
    if (inTime()) {
      chips.push(make('button', { type: 'button', click: () => setTime(0, COARSE),
        'aria-label': 'Remove filter on time' },
      short(bucket(state.from)) + ' – ' + short(bucket(state.to)) + ' ✕'));
    }
    byId('chips').replaceChildren(...chips);
    byId('clear').hidden = !filtered();
    byId('partial').textContent = filtered() && kept < data.counted ?
      'With a filter, these are sums over the ' + number(rows.length) +
      ' most frequent rows, which hold ' + number(kept) + ' of ' +
      number(data.counted) + ' records.' : '';
  }

  /* --- time ------------------------------------------------------------- */

  const bucket = (i) => data.clock.origin + i * SHARE * data.clock.width;
  const used = {
    from: Math.floor((data.clock.first - data.clock.origin) / (SHARE * data.clock.width)),
    to: Math.floor((data.clock.last - data.clock.origin) / (SHARE * data.clock.width)) + 1,
  };

  function setTime(from, to) {
    state.from = Math.max(used.from, Math.min(from, used.to - 1));
    state.to = Math.min(used.to, Math.max(to, state.from + 1));
    if (state.from === used.from && state.to === used.to) {
      state.from = 0;
      state.to = COARSE;
    }
    state.limit = STEP;
    render();
  }

  /* Fine buckets without a filter, coarse ones of rows with one. */
  function seriesNow() {
    const other = state.find !== '' || state.field.some((f) => f !== null);
    if (!other) {
      return { share: 1, counts: data.series };
    }
    const counts = new Array(COARSE).fill(0), from = state.from, to = state.to;
    state.from = 0;
    state.to = COARSE;
    for (const r of chosen(-1)) {
      for (let i = 0; i < r.series.length; i += 2) {
        counts[r.series[i]] += r.series[i + 1];
      }
    }
    state.from = from;
    state.to = to;
    return { share: SHARE, counts };
  }

  const plot = { width: 1180, height: 170, left: 56, right: 8, top: 12, bottom: 24 };
  const timeX = (coarse) => plot.left + (coarse - used.from) /
    (used.to - used.from) * (plot.width - plot.left - plot.right);

  /* The smallest round number that is not below n. */
  function round(n) {
    const ten = 10 ** Math.floor(Math.log10(n));
    return [1, 2, 5, 10].map((i) => i * ten).find((step) => step >= n * 0.9999);
  }

  /* Milliseconds between two marks, as clocks and calendars count. */
  function timeStep(least) {
    const s = 1000, min = 60 * s, h = 60 * min, d = 24 * h;
    return least < s ? Math.max(1, round(least)) :
      [s, 2 * s, 5 * s, 10 * s, 15 * s, 30 * s, min, 2 * min, 5 * min,
       10 * min, 15 * min, 30 * min, h, 2 * h, 3 * h, 6 * h, 12 * h, d, 2 * d,
       7 * d, 14 * d, 28 * d].find((step) => step >= least) ||
      Math.ceil(least / (28 * d)) * 28 * d;
  }

  /* As exact as the marks are apart. */
  function mark(ms, step) {
    const iso = new Date(ms).toISOString();
    const clock = iso.slice(11, step < 1000 ? 23 : step < 60000 ? 19 : 16);
    return step >= 86400000 ? iso.slice(0, 10) :
      oneDay ? clock : iso.slice(5, 10) + ' ' + clock;
  }

  function grid(svg, most) {
    const base = plot.height - plot.bottom, right = plot.width - plot.right;
    const up = Math.max(1, round(most / 4));
    for (let n = up; n <= most; n += up) {
      const y = base - n / most * (base - plot.top);
      svg.append(draw('line', { class: 'grid', x1: plot.left, x2: right, y1: y, y2: y }),
        draw('text', { x: plot.left - 6, y: y + 4, 'text-anchor': 'end' }, number(n)));
    }
    const width = SHARE * data.clock.width, begin = bucket(used.from), end = bucket(used.to);
    const step = timeStep((end - begin) / Math.max(1, plot.width / 120));
    for (let at = Math.ceil(begin / step) * step; at <= end; at += step) {
      const x = timeX((at - data.clock.origin) / width);
      svg.append(draw('line', { class: 'grid', x1: x, x2: x, y1: base, y2: base + 5 }));
      if (x > plot.left + 20 && x < right - 30) {
        svg.append(draw('text', { x, y: plot.height - 6, 'text-anchor': 'middle' }, mark(at, step)));
      }
    }
    svg.append(draw('line', { class: 'grid', x1: plot.left, x2: plot.width - plot.right, y1: base, y2: base }));
  }

  function renderTime() {
    plot.width = Math.max(byId('timeline').clientWidth, 300);
    const { share, counts } = seriesNow(), scale = SHARE / share;
    const from = used.from * scale, to = used.to * scale;
    const most = Math.max(1, ...counts), base = plot.height - plot.bottom;
    const svg = draw('svg', { viewBox: `0 0 ${plot.width} ${plot.height}`,
      preserveAspectRatio: 'none', 'aria-hidden': 'true' });
    let path = '', peak = 0;
    grid(svg, most);
    for (let i = from; i < to; i++) {
      const x = timeX(i / scale), w = Math.max(timeX((i + 1) / scale) - x - 0.4, 0.6);
      const h = counts[i] ? Math.max(counts[i] / most * (base - plot.top), 1) : 0;
      path += h ? `M${x.toFixed(1)} ${base}v${-h.toFixed(1)}h${w.toFixed(1)}v${h.toFixed(1)}z` : '';
      peak = counts[i] > counts[peak] ? i : peak;
    }
    svg.append(draw('path', { class: 'count', d: path }));
    if (inTime()) {
      svg.append(draw('rect', { class: 'chosen', x: timeX(state.from), y: plot.top,
        width: timeX(state.to) - timeX(state.from), height: base - plot.top }));
    }
    byId('timeline').replaceChildren(svg);
    byId('timeline').setAttribute('aria-label', 'Most in ' +
      length(data.clock.width * share) + ': ' + number(most) + ', at ' +
      stamp(data.clock.origin + peak * share * data.clock.width));
    renderTime.now = { share, counts };
  }

  function coarseAt(event) {
    const box = byId('timeline').getBoundingClientRect();
    const x = (event.clientX - box.left) / box.width * plot.width;
    const part = (x - plot.left) / (plot.width - plot.left - plot.right);
    return used.from + Math.max(0, Math.min(part, 0.9999)) * (used.to - used.from);
  }

  function tip(event) {
    const line = byId('timeline'), { share, counts } = renderTime.now;
    const i = Math.floor(coarseAt(event) * SHARE / share);
    let e = line.querySelector('.tip');
    if (!e) {
      e = make('div', { class: 'tip' });
      line.append(e);
    }
    e.textContent = stamp(data.clock.origin + i * share * data.clock.width) + ': ' +
      number(counts[i] || 0) + ' in ' + length(share * data.clock.width);
    const x = event.clientX - line.getBoundingClientRect().left;
    e.style.left = Math.min(x + 12, line.clientWidth - e.offsetWidth) + 'px';
  }

  function watchTime() {
    const line = byId('timeline');
    let begun = null;
    line.addEventListener('pointerdown', (e) => {
      begun = Math.floor(coarseAt(e));
      line.setPointerCapture(e.pointerId);
    });
    line.addEventListener('pointermove', (e) => {
      if (begun !== null && e.buttons) {
        const now = Math.floor(coarseAt(e));
        setTime(Math.min(begun, now), Math.max(begun, now) + 1);
      }
      tip(e);
    });
    line.addEventListener('pointerup', () => { begun = null; });
    line.addEventListener('pointerleave', () => {
      const e = line.querySelector('.tip');
      if (e) {
        e.remove();
      }
    });
    line.addEventListener('keydown', (e) => {
      const by = e.key === 'ArrowRight' ? 1 : e.key === 'ArrowLeft' ? -1 : 0;
      if (e.key === 'Escape') {
        setTime(0, COARSE);
      } else if (by) {
        e.preventDefault();
        if (!inTime()) {
          setTime(by > 0 ? used.from : used.to - 1, by > 0 ? used.from + 1 : used.to);
        } else if (e.shiftKey) {
          setTime(by < 0 ? state.from - 1 : state.from, by > 0 ? state.to + 1 : state.to);
        } else {
          setTime(state.from + by, state.to + by);
        }
      }
    });
  }

  /* --- heat map --------------------------------------------------------- */

  function pairs() {
    if (!filtered()) {
      return data.pairs;
    }
    const map = sums(chosen(-1), (r) => r.field[CALL] + ' ' + r.field[PROGRAM]);
    return [...map].map(([key, n]) => [...key.split(' ').map(Number), n]);
  }

  function top(list, column, count) {
    const map = new Map();
    for (const p of list) {
      map.set(p[column], (map.get(p[column]) || 0) + p[2]);
    }
    return [...map].sort((a, b) => b[1] - a[1]).slice(0, count).map(([key]) => key);
  }

  /* As strong as its logarithm lies between the rarest and the most frequent. */
  function heatCell(call, program, n, least, most) {
    if (!n) {
      return make('td', { class: 'none' }, '·');
    }
    const strength = least === most ? 1 :
      Math.log(n / least) / Math.log(most / least);
    const b = make('button', { type: 'button',
      title: text(call) + ' by ' + text(program) + ': ' + number(n),
      click: () => {
        const both = state.field[CALL] === call && state.field[PROGRAM] === program;
        state.field[CALL] = both ? null : call;
        state.field[PROGRAM] = both ? null : program;
        render();
      } }, compact(n));
    b.style.background = `rgba(var(--heat), ${(0.08 + 0.62 * strength).toFixed(2)})`;
    return make('td', null, b);
  }

  const compact = (n) => n < 10000 ? number(n) :
    n < 1e6 ? +(n / 1e3).toPrecision(3) + ' k' : +(n / 1e6).toPrecision(3) + ' M';

  function renderHeat() {
    const list = pairs(), calls = top(list, 0, CALLS), programs = top(list, 1, PROGRAMS);
    const cell = new Map(list.map((p) => [p[0] + ' ' + p[1], p[2]]));
    const most = list.reduce((n, p) => Math.max(n, p[2]), 1);
    const least = list.reduce((n, p) => Math.min(n, p[2]), most);
    const head = make('tr', null, make('td'), ...programs.map((p) =>
      make('th', { scope: 'col', title: text(p) }, text(p) || '–')));
    const table = make('table', null, make('thead', null, head),
      make('tbody', null, ...calls.map((c) => make('tr', null,
        make('th', { scope: 'row' }, text(c)),
        ...programs.map((p) => heatCell(c, p, cell.get(c + ' ' + p), least, most))))));
    table.style.width = `min(100%, ${130 + 130 * programs.length}px)`;
    byId('heat').replaceChildren(table);
  }

  /* --- lists ------------------------------------------------------------ */

  function renderList(id, field, totals) {
    let list;
    if (filtered()) {
      list = [...sums(chosen(field), (r) => r.field[field])].filter(([key]) => text(key) !== '')
        .sort((a, b) => b[1] - a[1]).map(([key, n]) => [key, n, 0]);
    } else {
      list = totals.rows;
    }
    const most = list.length ? list[0][1] : 1;
    byId(id).replaceChildren(...list.slice(0, 10).map(([key, n, missing]) => {
      const share = make('i');
      share.style.width = 100 * n / most + '%';
      return make('li', null, make('button', { type: 'button',
        'aria-pressed': String(state.field[field] === key),
        click: () => choose(field, key) }, share,
      make('span', null, text(key)), make('span', null, atLeast(n, missing))));
    }));
  }

  /* --- rows ------------------------------------------------------------- */

  const columns = [
    ['count', 'num', (r) => r.shown],
    ...names.map((name, f) => [name, 'text', (r) => text(r.field[f])]),
    ['over time', '', (r) => r.last - r.first],
    ['first', 'time', (r) => r.first], ['last', 'time', (r) => r.last],
  ];

  function spark(row) {
    const sum = new Array(32).fill(0);
    const share = (used.to - used.from) / 32;
    for (let i = 0; i < row.series.length; i += 2) {
      sum[Math.min(31, Math.floor((row.series[i] - used.from) / share))] += row.series[i + 1];
    }
    const most = Math.max(1, ...sum);
    const d = sum.map((n, i) => n ? `M${i * 3} 20v${-Math.max(1, n / most * 19).toFixed(1)}h2.4V20z` : '').join('');
    const svg = draw('svg', { viewBox: '0 0 96 20', 'aria-hidden': 'true' });
    svg.append(draw('path', { d }));
    return svg;
  }

  function renderRow(r) {
    const cells = [make('td', { class: 'num' }, atLeast(r.shown, r.missing))];
    r.field.forEach((value, f) => {
      cells.push(make('td', { class: ['text', 'text', 'text', 'text wide', 'text rule'][f] },
        make('button', { type: 'button', class: 'pick', title: 'Only this ' + names[f],
          click: () => choose(f, value) }, text(value) || '–')));
    });
    cells.push(make('td', null, spark(r)), make('td', { class: 'time' }, short(r.first)),
      make('td', { class: 'time' }, short(r.last)));
    const tr = make('tr', null, ...cells);
    if (r.fix >= 0) {
      const open = make('button', { type: 'button', class: 'pick quiet', 'aria-expanded': 'false',
        click: () => {
          const below = tr.nextSibling;
          const shown = below && below.classList.contains('fix');
          open.setAttribute('aria-expanded', String(!shown));
          if (shown) {
            below.remove();
          } else {
            tr.after(make('tr', { class: 'fix' }, make('td'),
              make('td', { colspan: columns.length - 1 }, 'would allow it: ',
                make('code', null, text(r.fix)))));
          }
        } }, ' fix');
      cells[OBJECT + 1].append(' ', open);
    }
    return tr;
  }

  function renderRows() {
    const column = columns.find(([name]) => name === state.sort);
    const list = chosen(-1), shown = list.reduce((n, r) => n + r.shown, 0);
    list.sort((a, b) => {
      const x = column[2](a), y = column[2](b);
      const order = typeof x === 'string' ? x.localeCompare(y) : x - y;
      return (state.down ? -order : order) || b.shown - a.shown;
    });
    byId('rows').tHead.replaceChildren(make('tr', null, ...columns.map(([name, kind]) =>
      make('th', { scope: 'col', class: kind === 'num' ? 'num' : '',
        'aria-sort': state.sort === name ? (state.down ? 'descending' : 'ascending') : 'none' },
      make('button', { type: 'button', click: () => {
        state.down = state.sort === name ? !state.down : kind !== 'text';
        state.sort = name;
        renderRows();
      } }, name + (state.sort === name ? (state.down ? ' ▾' : ' ▴') : ''))))));
    byId('rows').tBodies[0].replaceChildren(...list.slice(0, state.limit).map(renderRow));
    byId('more').hidden = list.length <= state.limit;
    byId('rows-rest').textContent = number(Math.min(list.length, state.limit)) + ' of ' +
      number(list.length) + ' rows, ' + number(shown) + ' records' +
      (!filtered() && kept < data.counted ? '; ' + number(data.counted - kept) +
        ' further ones are in rarer rows that this page leaves out' : '') +
      (list.some((r) => r.missing) ? '. +: at least; some may not have been kept apart' : '') + '.';
  }

  /* --- all of it -------------------------------------------------------- */

  function render() {
    renderChips();
    if (data.counted) {
      renderTime();
      renderHeat();
      renderList('by-rule', RULE, data.by.rule);
      renderList('by-object', OBJECT, data.by.path);
      renderList('by-result', RESULT, data.by.result);
    }
    renderRows();
  }

  function theme(dark) {
    document.documentElement.classList.toggle('dark', dark);
  }

  const wish = window.matchMedia('(prefers-color-scheme: dark)');
  theme(wish.matches);
  wish.addEventListener('change', () => theme(wish.matches));
  byId('theme').addEventListener('click', () =>
    theme(!document.documentElement.classList.contains('dark')));
  byId('find').addEventListener('input', (e) => {
    state.find = e.target.value;
    state.limit = STEP;
    render();
  });
  byId('clear').addEventListener('click', () => {
    Object.assign(state, { find: '', field: [null, null, null, null, null], from: 0, to: COARSE, limit: STEP });
    byId('find').value = '';
    render();
  });
  byId('more').addEventListener('click', () => {
    state.limit += STEP;
    renderRows();
  });
  renderHead();
  if (data.counted) {
    watchTime();
    window.addEventListener('resize', renderTime);
  }
  render();
})();
