/** What must never leave without a session: each room has a marker of its own, which starts with this. */
export const treasure = (room: string): string => `TREASURE-of-${room}`;
