// Opening WhatsApp, or WhatsApp Business, whichever the person has: by the link alone.

import Foundation

extension CreatedToken {
  /// Opens WhatsApp with the message written, by what the platform has for opening URLs; whether anything was opened.
  ///
  /// The link is first tried as a universal link, which WhatsApp or WhatsApp Business takes. Where neither is
  /// installed it is opened as a page, on which WhatsApp can be installed.
  @MainActor
  public func openWhatsApp(
    _ open: @MainActor (_ url: URL, _ universalLinksOnly: Bool) async -> Bool
  ) async -> Bool {
    guard let whatsappURL else { return false }
    if await open(whatsappURL, true) { return true }
    return await open(whatsappURL, false)
  }
}

#if canImport(UIKit) && !os(watchOS)
  import UIKit

  @available(iOSApplicationExtension, unavailable)
  extension CreatedToken {
    /// Opens WhatsApp with the message written; whether it, or its page, was opened.
    @MainActor
    @discardableResult
    public func openWhatsApp() async -> Bool {
      await openWhatsApp { url, universalLinksOnly in
        await UIApplication.shared.open(url, options: [.universalLinksOnly: universalLinksOnly])
      }
    }
  }
#endif
