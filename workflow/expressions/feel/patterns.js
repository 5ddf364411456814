/* Regular expressions for JUEL: here, because nothing else stops one that takes for ever. Patterns are Java's, nearly. */

export function matches(text, pattern) {
  return JSON.stringify(new RegExp(`^(?:${pattern})$`).test(text));
}

export function replaceAll(text, pattern, replacement) {
  return JSON.stringify(text.replace(new RegExp(pattern, 'g'), inWordsOfJavaScript(replacement)));
}

export function replaceFirst(text, pattern, replacement) {
  return JSON.stringify(text.replace(new RegExp(pattern), inWordsOfJavaScript(replacement)));
}

/* Without a limit the empty texts at the end do not count, as in Java. */
export function split(text, pattern) {
  const parts = text.split(new RegExp(pattern));
  while (parts.length > 1 && parts.at(-1) === '') {
    parts.pop();
  }
  return JSON.stringify(parts);
}

function inWordsOfJavaScript(replacement) {
  return replacement.replace(
    /\\(.)|\$0|(\$)(?!\d)/gs,
    (found, escaped) => escaped?.replace('$', '$$$$') ?? (found === '$0' ? '$&' : '$$'),
  );
}
