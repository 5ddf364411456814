/* What the scripts say, in the language of the page. */

type Text = string | ((...values: never[]) => string);
type Texts = { [name: string]: Text | Texts };

/** The same names with texts of the same kind: a translation that lacks one, or takes other values, does not compile. */
type Translated<T> = { [K in keyof T]: T[K] extends string ? string : T[K] extends Text ? T[K] : Translated<T[K]> };

/** The language of the page, as the server has chosen it. */
export const LANGUAGE = document.documentElement.lang.toLowerCase().startsWith('de') ? 'de' : 'en';

/** The texts of a module in the language of the page. */
export function texts<T extends Texts>(each: { en: T; de: NoInfer<Translated<T>> }): Translated<T> {
  return LANGUAGE === 'de' ? each.de : (each.en as Translated<T>);
}

/** A number as people of the page's language write it. */
export function number(value: number): string {
  return value.toLocaleString(LANGUAGE);
}

/** A number with the word for one or for many: English and German have the same two. */
export function counted(value: number, one: string, many: string): string {
  return `${number(value)} ${value === 1 ? one : many}`;
}
