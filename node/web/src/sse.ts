/** Event streams (`text/event-stream`) as the WHATWG HTML standard defines them: bytes in, events out. */

/**
 * Longest line that is read: the protocol's stay below 1 KiB and newer servers may add fields, while an endless line
 * must cost a bounded buffer. Counted in UTF-16 code units, of which a text has no more than bytes.
 */
const MAX_LINE = 64 << 10;

/** Largest data of one event that is read, counted likewise. */
const MAX_EVENT = 256 << 10;

/** Why a stream is read no further. */
export class StreamError extends Error {
  constructor(readonly code: 'line_too_long' | 'event_too_long') {
    super(code);
  }
}

export interface StreamHandlers {
  /** A whole event. One whose block does not name it is a `message`. */
  onEvent(name: string, data: string): void;
  /** The server's wish how many milliseconds to wait before connecting again. */
  onRetry(milliseconds: number): void;
}

/**
 * A reader of one stream: feed it whatever arrived, cut anywhere. An event that the end of the stream cuts off is
 * dropped, as the standard asks.
 *
 * The reader throws a `StreamError` where a line or an event is too long; feed it no more after that.
 */
export function streamReader({ onEvent, onRetry }: StreamHandlers): (bytes: Uint8Array) => void {
  const utf8 = new TextDecoder();
  let line = '';
  let afterReturn = false;
  let name = '';
  let data = '';

  const endLine = (whole: string): void => {
    if (!whole) {
      if (data) {
        onEvent(name || 'message', data.slice(0, -1));
      }
      name = data = '';
      return;
    }
    const [, field, value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(whole) as unknown as [
      string,
      string,
      string?,
    ];
    if (field === 'event') {
      name = value;
    } else if (field === 'data') {
      if (data.length + value.length > MAX_EVENT) {
        throw new StreamError('event_too_long');
      }
      data += `${value}\n`;
    } else if (field === 'retry' && /^[0-9]+$/.test(value)) {
      onRetry(Math.min(Number(value), Number.MAX_SAFE_INTEGER));
    }
  };

  return (bytes) => {
    let text = utf8.decode(bytes, { stream: true });
    if (!text) {
      return;
    }
    // A line feed after a carriage return belongs to it, also where the bytes were cut between them.
    if (afterReturn && text[0] === '\n') {
      text = text.slice(1);
    }
    afterReturn = text.endsWith('\r');
    const pieces = text.split(/\r\n?|\n/);
    for (const [index, piece] of pieces.entries()) {
      line += piece;
      if (line.length > MAX_LINE) {
        throw new StreamError('line_too_long');
      }
      if (index < pieces.length - 1) {
        const whole = line;
        line = '';
        endLine(whole);
      }
    }
  };
}
