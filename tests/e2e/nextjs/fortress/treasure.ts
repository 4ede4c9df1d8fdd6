/** What must never leave without a session: each page has a marker of its own, which starts with this. */
export const treasure = (page: string): string => `TREASURE-of-${page}`;
