/* Returns a value as JSON knows it: temporal values become ISO strings, functions null. */
export function plain(value) {
  if (value === null || value === undefined || typeof value === 'function') {
    return null;
  }
  if (Array.isArray(value)) {
    return value.map(plain);
  }
  if (typeof value !== 'object') {
    return value;
  }
  if (Object.getPrototypeOf(value) === Object.prototype) {
    return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, plain(entry)]));
  }
  return typeof value.invoke === 'function' ? null : String(value);
}
