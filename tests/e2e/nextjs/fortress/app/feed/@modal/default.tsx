/** No layer. */
export default function None() {
  return null;
}
