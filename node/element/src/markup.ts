/** The attributes as markup writes them, for the types of frameworks. */

/** Attributes of `<loggin-button>`. */
export interface LogginMarkup {
  /** The app: 8 symbols, which everybody may see. */
  readonly 'app-key'?: string | undefined;
  /** Your Loggin server. */
  readonly 'base-url'?: string | undefined;
  /** Digits with country code: links open WhatsApp without asking the server. */
  readonly 'whatsapp-number'?: string | undefined;
  /** The tag of a language, or `auto` for the person's own. */
  readonly locale?: string | undefined;
  /** The message's own text, with `{code}` in it once. */
  readonly text?: string | undefined;
  /** In a form: the name of the field that has the token, once somebody has signed in. The form is sent then. */
  readonly name?: string | undefined;
  /** The name of the app that asks. */
  readonly 'app-name'?: string | undefined;
  /** The address of the app's logo. */
  readonly logo?: string | undefined;
  readonly theme?: 'auto' | 'dark' | 'light' | undefined;
  readonly variant?: 'brand' | 'neutral' | 'outline' | undefined;
  readonly size?: 'small' | 'medium' | 'large' | undefined;
  /** As wide as what it stands in. */
  readonly 'full-width'?: boolean | '' | undefined;
  /** Allows a server without https that is not on this machine. */
  readonly 'allow-insecure-http'?: boolean | '' | undefined;
}
