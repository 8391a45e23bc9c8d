// Drawing again what is on the screen already: answers in their order, and rows that stay where they are.

// Answers may overtake each other; one that is older than what is shown counts no more.
export function inOrder() {
  let asked = 0;
  let shown = 0;
  return {
    ask: () => (asked += 1),
    takes: (number) => {
      if (number < shown) return false;
      shown = number;
      return true;
    },
  };
}

// Rows with a `data-key` that say the same as before stay: somebody may be at one with a finger or the keyboard.
export function redraw(place, rows) {
  const before = [...place.children];
  const next = rows.map((row) => before.find((one) => one.dataset.key && one.isEqualNode(row)) ?? row);
  for (const one of before) if (!next.includes(one)) one.remove();
  for (const [index, one] of next.entries()) {
    if (place.children[index] !== one) place.insertBefore(one, place.children[index] ?? null);
  }
}
