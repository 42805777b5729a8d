// Every visible text of the page whose contrast with what is behind it is too low (WCAG 2, success criterion 1.4.3).
(least) => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 1, height: 1 });
  const context = canvas.getContext("2d", { willReadFrequently: true });

  function channels(color) {
    context.clearRect(0, 0, 1, 1);
    context.fillStyle = color;
    context.fillRect(0, 0, 1, 1);
    const [red, green, blue, alpha] = context.getImageData(0, 0, 1, 1).data;
    return [red, green, blue, alpha / 255];
  }

  const over = (front, back) => [0, 1, 2].map((part) => front[part] * front[3] + back[part] * (1 - front[3]));

  function behind(element) {
    const layers = [];
    for (let each = element; each; each = each.parentElement) layers.unshift(channels(getComputedStyle(each).backgroundColor));
    const canvasColor = matchMedia("(prefers-color-scheme: dark)").matches ? [18, 18, 18] : [255, 255, 255];
    return layers.reduce((back, front) => over(front, back), canvasColor);
  }

  function opacity(element) {
    let product = 1;
    for (let each = element; each; each = each.parentElement) product *= Number(getComputedStyle(each).opacity);
    return product;
  }

  function luminance(color) {
    const [red, green, blue] = color.map((part) => part / 255).map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  }

  function texts() {
    const found = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const element = walker.currentNode.parentElement;
      if (walker.currentNode.data.trim() && element.checkVisibility({ visibilityProperty: true, opacityProperty: true })) {
        found.push([walker.currentNode.data.trim(), element, getComputedStyle(element).color]);
      }
    }
    for (const element of document.querySelectorAll("input:not([type=checkbox], [type=hidden]), textarea, select")) {
      if (!element.checkVisibility() || element.disabled) continue;
      found.push([element.value, element, getComputedStyle(element).color]);
      if (element.placeholder) found.push([element.placeholder, element, getComputedStyle(element, "::placeholder").color]);
    }
    return found.filter(([, element]) => !element.closest("script, style, noscript, :disabled, option"));
  }

  const checked = texts().map(([text, element, color]) => {
    const back = behind(element);
    const [red, green, blue, alpha] = channels(color);
    const [darker, lighter] = [luminance(over([red, green, blue, alpha * opacity(element)], back)), luminance(back)].sort((a, b) => a - b);
    return { text: text.slice(0, 40), where: `${element.tagName}.${element.className}`, ratio: (lighter + 0.05) / (darker + 0.05) };
  });
  return { checked: checked.length, low: checked.filter(({ ratio }) => ratio < least) };
};
