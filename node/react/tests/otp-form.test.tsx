// @vitest-environment happy-dom

/** The form for one-time codes has a way on from everywhere, and takes the digits of every keyboard. */

import { OtpForm, type OtpFormProps } from '@loggin/react';
import { act, cleanup, fireEvent, render } from '@testing-library/react';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { ar } from '../dist/esm/locales.js';
import { digitsOf } from '../dist/esm/texts.js';

afterEach(cleanup);

const PHONE = '+966 50 123 4567';

async function form(props: Partial<OtpFormProps> = {}) {
  const { container } = render(
    <OtpForm
      start={async () => ({ session_id: 's' })}
      verify={async () => ({ status: 'verified' })}
      {...props}
    />,
  );
  const one = <T extends Element>(selector: string) => container.querySelector<T>(selector);
  const field = () => one<HTMLInputElement>('input') ?? expect.fail('there is no field');
  const type = (text: string) => act(async () => void fireEvent.change(field(), { target: { value: text } }));
  const submit = () => act(async () => void fireEvent.submit(one('form') as Element));
  const enabled = () => [...container.querySelectorAll('button')].filter((button) => !button.disabled).length;
  const alert = () => one('[role=alert]')?.textContent;
  return { one, field, type, submit, enabled, alert };
}

const KEYBOARDS = [
  ['Latin', '483920'],
  ['Arabic', '٤٨٣٩٢٠'],
  ['Persian', '۴۸۳۹۲۰'],
  ['Devanagari', '४८३९२०'],
  ['Bengali', '৪৮৩৯২০'],
  ['full width', '４８３９２０'],
  ['of mathematicians', '𝟒𝟖𝟑𝟗𝟐𝟎'],
  ['with marks around', ' ٤٨٣-٩٢٠\u200f '],
] as const;

describe('digits', () => {
  it.each(KEYBOARDS)('%s are read', (_, typed) => {
    expect(digitsOf(typed)).toBe('483920');
  });

  it('of no kind are none', () => {
    expect(digitsOf('½²Ⅷ一a')).toBe('');
  });

  it.each(KEYBOARDS)('%s are handed in by the form', async (_, typed) => {
    const handed: string[] = [];
    const { type, submit } = await form({
      verify: async ({ otp_code }) => {
        handed.push(otp_code);
        return { status: 'verified' };
      },
    });
    await type(PHONE);
    await submit();
    await type(typed);
    expect(handed).toEqual(['483920']);
  });
});

describe('a way on', () => {
  it.each(['blocked', 'expired', 'max_attempts', 'quota_exceeded', 'send_failed'])(
    'is there when the start is refused as %s',
    async (error) => {
      const { type, submit, enabled } = await form({ start: async () => ({ error }) });
      await type(PHONE);
      await submit();
      expect(enabled()).toBe(1);
    },
  );

  it('is there when the app fails after a right code, which is not handed in twice', async () => {
    const results: unknown[] = [];
    const verified = vi.fn(async () => ({ status: 'verified', phone: '1' }));
    const { type, submit, enabled, alert, one } = await form({
      verify: verified,
      onSuccess: (result) => {
        results.push(result);
        return results.length === 1 ? Promise.reject(new Error('No.')) : undefined;
      },
    });
    await type(PHONE);
    await submit();
    await type('483920');
    expect(alert()).not.toBe('');
    expect(one('[role=status]')?.textContent).not.toContain('verified');
    expect(enabled()).toBeGreaterThan(0);
    await submit();
    expect(one('[role=status]')?.textContent).toContain('verified');
    expect(verified).toHaveBeenCalledTimes(1);
    expect(results).toEqual([
      { status: 'verified', phone: '1' },
      { status: 'verified', phone: '1' },
    ]);
  });

  it('leads elsewhere, where the framework does', async () => {
    const told: unknown[] = [];
    const redirect = Object.assign(new Error('led away'), { digest: 'NEXT_REDIRECT;push;/;307;' });
    const { type, submit, one, alert } = await form({
      onSuccess: () => Promise.reject(redirect),
      onError: (error) => told.push(error),
    });
    await type(PHONE);
    await submit();
    await type('483920');
    expect([one('[role=status]')?.textContent, alert(), told]).toEqual(['Your number is verified.', '', []]);
  });
});

it('an alert is written once, the button waits, and both are over in time', async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const { type, submit, enabled, alert } = await form({
    start: async () => ({ error: 'rate_limited', retry_after: 5 }),
  });
  await type(PHONE);
  await submit();
  const said = new Set<unknown>();
  for (let second = 0; second < 4; second++) {
    said.add(alert());
    expect(enabled()).toBe(0);
    await act(() => vi.advanceTimersByTimeAsync(1_000));
  }
  expect([...said]).toEqual(['That was too quick. Wait 5 s and try again.']);
  await act(() => vi.advanceTimersByTimeAsync(1_000));
  expect([alert(), enabled()]).toEqual(['', 1]);
});

it('a phone number stands from left to right in every language', async () => {
  const { type, submit, one } = await form({ texts: ar.otpTexts });
  await type(PHONE);
  await submit();
  expect(one('[role=status]')?.textContent).toContain(`\u2066${PHONE}\u2069`);
});
