// A link as a picture for a phone's camera, where the phone is another.

import { correction, generate } from "./loggin.js";

/** Modules of white around a QR code, as the standard asks. */
const QUIET_ZONE = 4;
const SVG = "http://www.w3.org/2000/svg";

export function qrPicture(link) {
  const { size, get } = generate(link, { minCorrectionLevel: correction.M });
  let path = "";
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      if (get(x, y)) path += `M${x + QUIET_ZONE} ${y + QUIET_ZONE}h1v1h-1z`;
    }
  }
  const picture = document.createElementNS(SVG, "svg");
  picture.setAttribute("viewBox", `0 0 ${size + 2 * QUIET_ZONE} ${size + 2 * QUIET_ZONE}`);
  const modules = document.createElementNS(SVG, "path");
  modules.setAttribute("d", path);
  picture.append(modules);
  return picture;
}
