// @vitest-environment happy-dom

/** The phone number of the form for one-time codes: its country, how it is written while it is typed, and what is asked for. */

import { OtpForm, type OtpFormProps } from '@loggin/react';
import { act, cleanup, fireEvent, render, waitFor } from '@testing-library/react';
import { getCountries, getCountryCallingCode } from 'libphonenumber-js/min';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LogginProvider } from '../dist/esm/index.js';
import { ar } from '../dist/esm/locales.js';
import { asked, changed, regionOf, shaped } from '../dist/esm/phone-plans.js';

afterEach(cleanup);

beforeEach(() => {
  vi.spyOn(navigator, 'languages', 'get').mockReturnValue(['en-IN', 'de-DE']);
});

/** Types a text by one character after the other, as a keyboard does: what stands in the end, with `|` for the caret. */
function keyed(text: string, region?: string): string {
  let state = { text: '', region, caret: 0 };
  for (const key of text) {
    const [head, tail] = [state.text.slice(0, state.caret), state.text.slice(state.caret)];
    state = edit(state, head + key + tail, head.length + key.length, 'insertText');
  }
  return marked(state);
}

function edit(
  from: { text: string; region?: string | undefined },
  text: string,
  caret: number,
  inputType: string,
) {
  const { region, ...next } = shaped(
    { text, caret, inputType, before: from.text, region: from.region },
    undefined,
  );
  return { ...next, region };
}

const marked = ({ text, caret }: { text: string; caret: number }) =>
  `${text.slice(0, caret)}|${text.slice(caret)}`;

/** Takes away what stands before the caret, or after it. */
function erased(text: string, region: string, inputType = 'deleteContentBackward'): string {
  const caret = text.indexOf('|');
  const before = text.replace('|', '');
  const [from, to] = inputType.endsWith('Forward') ? [caret, caret + 1] : [caret - 1, caret];
  return marked(edit({ text: before, region }, before.slice(0, from) + before.slice(to), from, inputType));
}

describe('while it is typed, a number', () => {
  it.each([
    ['9876543210', 'IN', '98765 43210|'],
    ['2133734253', 'US', '(213) 373-4253|'],
    ['+919876543210', 'US', '+91 98765 43210|'],
    ['00919876543210', 'DE', '00 91 98765 43210|'],
    ['00919', 'US', '00 91 9|'],
    ['001213', 'US', '001 213|'],
    ['98765-43210', 'IN', '98765 43210|'],
    ['٩٨٧٦٥٤٣٢١٠', 'IN', '٩٨٧٦٥ ٤٣٢١٠|'],
    ['९८७६५४३२१०', 'IN', '९८७६५ ४३२१०|'],
    ['৯৮৭৬৫৪৩২১০', 'IN', '৯৮৭৬৫ ৪৩২১০|'],
    ['𝟗𝟖𝟕𝟔𝟓𝟒𝟑𝟐𝟏𝟎', 'IN', '𝟗𝟖𝟕𝟔𝟓 𝟒𝟑𝟐𝟏𝟎|'],
    ['＋９１９８７６５４３２１０', 'US', '+９１ ９８７６５ ４３２１０|'],
    ['call me', 'US', 'call me|'],
    ['9876x', 'IN', '9876x|'],
    ['12345678901234567890', 'IN', '12345678901234567890|'],
    ['98765', undefined, '98765|'],
  ])('%s of %s stands as %s', (text, region, wanted) => {
    expect(keyed(text, region)).toBe(wanted);
  });

  it('keeps the caret where somebody corrects it', () => {
    const before = { text: '98765 43210', region: 'IN' };
    expect(marked(edit(before, '9876543210', 5, 'insertFromPaste'))).toBe('98765| 43210');
    expect(marked(edit({ text: '(213) 373-4253', region: 'US' }, '(5213) 373-425', 2, 'insertText'))).toBe(
      '(5|21) 337-3425',
    );
    expect(marked(edit(before, '', 0, 'deleteContentBackward'))).toBe('|');
  });

  it.each([
    ['(213)|', 'US', 'deleteContentBackward', '21|'],
    ['98765 |43210', 'IN', 'deleteContentBackward', '9876|43210'],
    ['98765| 43210', 'IN', 'deleteContentForward', '98765| 3210'],
    ['98765| 43210', 'IN', 'deleteContentBackward', '9876|43210'],
  ])(
    '%s of %s after %s is %s: a digit goes with what stood there for looks',
    (text, region, type, wanted) => {
      const digits = (marking: string) => marking.replace(/[^\d|]/g, '');
      expect(digits(erased(text, region, type))).toBe(digits(wanted));
    },
  );
});

describe('a number that leads abroad chooses its country', () => {
  const region = (text: string, chosen?: string, countries?: string[]) =>
    shaped({ text, caret: 0, before: '', inputType: '', region: chosen }, countries).region;

  it.each([
    ['+91', 'US', 'IN'],
    ['0091', 'US', 'IN'],
    ['0091', 'DE', 'IN'],
    ['+٩١', 'US', 'IN'],
    ['+1', 'IN', 'US'],
    ['+1', 'CA', 'CA'],
    ['+7', 'IN', 'RU'],
    ['+44', 'IN', 'GB'],
    ['+7 701', 'RU', 'KZ'],
    ['+', 'IN', 'IN'],
    ['+999', 'IN', 'IN'],
    ['91', 'US', 'US'],
  ])('%s beside %s is of %s', (text, chosen, wanted) => {
    expect(region(text, chosen)).toBe(wanted);
  });

  it('of those that are offered', () => {
    expect(region('+49', 'IN', ['IN', 'BR'])).toBe('IN');
    expect(region('+1', 'IN', ['IN', 'CA'])).toBe('CA');
  });

  it.each(getCountries())('%s is found by its calling code, or another of the same', (country) => {
    const code = getCountryCallingCode(country);
    expect(getCountryCallingCode(region(`+${code}`, 'AQ') as typeof country)).toBe(code);
    expect(region(`+${code}`, country)).toBe(country);
  });

  it.each([
    ['98765 43210', 'IN', '98765 43210'],
    ['+91 98765 43210', 'US', '+91 98765 43210'],
    ['00 91 98765 43210', 'DE', '+919876543210'],
    ['0091 98765 43210', 'US', '+919876543210'],
    ['00x', 'US', '00x'],
  ])('and %s beside %s asks for %s', (text, chosen, wanted) => {
    expect(asked({ text, region: chosen })).toBe(wanted);
  });

  it('is left to an input method while that composes it', () => {
    const target = { value: '9876543210', selectionStart: 10 };
    const event = { target, nativeEvent: { isComposing: true } } as never;
    expect(changed(event, { text: '', region: 'IN' }, undefined).text).toBe('9876543210');
  });
});

describe('the first choice', () => {
  it.each([
    ['br', undefined, 'BR'],
    [undefined, undefined, 'IN'],
    [undefined, ['DE', 'FR'], 'DE'],
    ['BR', ['FR', 'AT'], 'FR'],
    [undefined, [], undefined],
  ])('of countryCode %s and countries %s is %s', (countryCode, countries, wanted) => {
    expect(regionOf('', countryCode, countries)).toBe(wanted);
  });

  it.each([
    [['hi'], 'IN'],
    [['en', 'pt-BR'], 'BR'],
    [['es-419', 'de-AT'], 'AT'],
    [[], undefined],
  ])('of the languages %s is %s', (languages, wanted) => {
    vi.spyOn(navigator, 'languages', 'get').mockReturnValue(languages);
    expect(regionOf('', undefined, undefined)).toBe(wanted);
  });
});

async function form(props: Partial<OtpFormProps> = {}) {
  const sent: unknown[] = [];
  const start = async (request: unknown) => {
    sent.push(request);
    return { session_id: 's' };
  };
  const { container } = render(
    <LogginProvider baseUrl="https://login.example.com" locale={props.lang === 'ar' ? ar : undefined}>
      <OtpForm start={start} verify={async () => ({})} {...props} />
    </LogginProvider>,
  );
  const find = <T extends Element>(selector: string) => container.querySelector<T>(selector) as T;
  const select = () => find<HTMLSelectElement>('select');
  const phone = () => find<HTMLInputElement>('input[type=tel]');
  const type = (value: string) => act(async () => void fireEvent.change(phone(), { target: { value } }));
  const submit = () => act(async () => void fireEvent.submit(find('form')));
  return { sent, select, phone, type, submit, find };
}

const isThere = (select: () => Element) => waitFor(() => expect(select()).not.toBeNull());

describe('the form', () => {
  it('asks for a number with the country beside it', async () => {
    const { select, type, submit, sent, phone } = await form();
    await isThere(select);
    expect([select().value, select().getAttribute('aria-label')]).toEqual(['IN', 'Country']);
    await type('9876543210');
    expect(phone().value).toBe('98765 43210');
    await act(async () => void fireEvent.change(select(), { target: { value: 'BR' } }));
    await submit();
    expect(sent).toEqual([{ phone: '(98) 7654-3210', country_code: 'BR' }]);
  });

  it('follows a number that names its country, which another choice takes away', async () => {
    const { select, type, phone } = await form();
    await isThere(select);
    await type('+12133734253');
    expect(select().value).toBe('US');
    await act(async () => void fireEvent.change(select(), { target: { value: 'DE' } }));
    expect([select().value, phone().value.replace(/\D/g, '')]).toEqual(['DE', '2133734253']);
  });

  it('names countries in its language, in that language’s order', async () => {
    const { select } = await form({ lang: 'ar', countries: ['BR', 'IN', 'SA', 'XX'] });
    await isThere(select);
    const options = [...select().options];
    const names = ['البرازيل', 'السعودية', 'الهند'];
    expect(options.map(({ text }) => text.split(' \u2066')[0])).toEqual(
      names.map((name) => expect.stringContaining(name.slice(2))),
    );
    expect(options.map(({ text }) => /\u2066(.*)\u2069/.exec(text)?.[1])).toEqual(['+55', '+966', '+91']);
    expect(select().getAttribute('aria-label')).toBe('الدولة');
  });

  it('counts what was typed before the plans were there', async () => {
    const { select, type } = await form();
    await type('+4915123456789');
    await isThere(select);
    expect(select().value).toBe('DE');
  });

  it('does without, where the app says so, and asks for what it asked for before', async () => {
    const { select, type, submit, sent, find } = await form({ countrySelect: false, countryCode: 'IN' });
    await type('9876543210');
    expect(find('small').textContent).toContain('With country code');
    await submit();
    expect(select()).toBeNull();
    expect(sent).toEqual([{ phone: '9876543210', country_code: 'IN' }]);
  });
});
