//! What people are told in WhatsApp, in each language. No native speaker has reviewed any but English.
//!
//! `message` is what links type in, the same as in the browser packages: `tests/vectors/link.json` has each of them.

/// The texts of one language, with placeholders in braces.
pub(super) struct Texts {
    /// `{code}`
    pub(super) message: &'static str,
    /// `{app}`
    pub(super) share_phone: &'static str,
    /// `{digits}`, `{app}`
    pub(super) confirmation: &'static str,
    /// Stands below `confirmation`, above a link.
    pub(super) open_here: &'static str,
    /// `{app}`
    pub(super) choose: &'static str,
    /// `{who}`
    pub(super) asked: &'static str,
    /// `{app}`, `{time}`
    pub(super) signed_in: &'static str,
    pub(super) not_me: &'static str,
}

pub(super) const ENGLISH: Texts = Texts {
    message: loggin_protocol::link::DEFAULT_TEXT,
    share_phone: "To sign in to {app}, share your phone number with the button below.",
    confirmation: "{digits} is your code to sign in to {app}. Type it where you began to sign in. If you did not, ignore \
                   this message.",
    open_here: "If you began on this phone, you can open this link in the same browser instead. Send it to nobody.",
    choose: "To sign in to {app}, tap the number that you see where you began to sign in. If you did not, tap \
             none.",
    asked: "Where this began: {who}",
    signed_in: "You signed in to {app} at {time}.",
    not_me: "Not me",
};

pub(super) const ARABIC: Texts = Texts {
    message: "أرسل هذه الرسالة لتسجيل الدخول. إذا لم تبدأ تسجيل الدخول، فلا ترسلها. الرمز: {code}",
    share_phone: "لتسجيل الدخول إلى {app}، شارك رقم هاتفك بالزر أدناه.",
    confirmation: "{digits} هو رمزك لتسجيل الدخول إلى {app}. اكتبه حيث بدأت تسجيل الدخول. إذا لم تبدأه، فتجاهل هذه الرسالة.",
    open_here: "إذا بدأت على هذا الهاتف، يمكنك بدلاً من ذلك فتح هذا الرابط في المتصفح نفسه. لا ترسله إلى أحد.",
    choose: "لتسجيل الدخول إلى {app}، اضغط على الرقم الذي تراه حيث بدأت تسجيل الدخول. إذا لم تبدأه، فلا تضغط على \
             أي رقم.",
    asked: "بدأ تسجيل الدخول من: {who}",
    signed_in: "سجّلت الدخول إلى {app} في {time}.",
    not_me: "لست أنا",
};

pub(super) const BENGALI: Texts = Texts {
    message: "সাইন ইন করতে এই বার্তাটি পাঠান। আপনি সাইন ইন শুরু না করে থাকলে এটি পাঠাবেন না। কোড: {code}",
    share_phone: "{app}-এ সাইন ইন করতে নিচের বোতাম দিয়ে আপনার ফোন নম্বর শেয়ার করুন।",
    confirmation: "{app}-এ সাইন ইন করার কোড {digits}। যেখানে সাইন ইন শুরু করেছেন সেখানে এটি লিখুন। শুরু না করে থাকলে এই বার্তা \
                   উপেক্ষা করুন।",
    open_here: "এই ফোনেই শুরু করে থাকলে তার বদলে একই ব্রাউজারে এই লিংকটি খুলতে পারেন। এটি কাউকে পাঠাবেন না।",
    choose: "{app}-এ সাইন ইন করতে, যেখানে সাইন ইন শুরু করেছেন সেখানে যে সংখ্যা দেখছেন সেটিতে ট্যাপ করুন। শুরু না \
             করে থাকলে কোনোটিতেই ট্যাপ করবেন না।",
    asked: "সাইন ইন শুরু হয়েছে: {who}",
    signed_in: "আপনি {time}-এ {app}-এ সাইন ইন করেছেন।",
    not_me: "আমি নই",
};

pub(super) const GERMAN: Texts = Texts {
    message: "Senden Sie diese Nachricht, um sich anzumelden. Wenn Sie sich nicht gerade anmelden, senden Sie sie nicht. \
              Code: {code}",
    share_phone: "Um sich bei {app} anzumelden, teilen Sie Ihre Telefonnummer über die Schaltfläche unten.",
    confirmation: "{digits} ist Ihr Code für die Anmeldung bei {app}. Geben Sie ihn dort ein, wo Sie die Anmeldung begonnen \
                   haben. Waren Sie das nicht, ignorieren Sie diese Nachricht.",
    open_here: "Haben Sie auf diesem Telefon begonnen, können Sie stattdessen diesen Link im selben Browser öffnen. Senden Sie ihn niemandem.",
    choose: "Um sich bei {app} anzumelden, tippen Sie auf die Zahl, die dort steht, wo Sie die Anmeldung \
             begonnen haben. Waren Sie das nicht, tippen Sie auf keine.",
    asked: "Hier begann die Anmeldung: {who}",
    signed_in: "Sie haben sich bei {app} angemeldet: {time}.",
    not_me: "Das war ich nicht",
};

pub(super) const SPANISH: Texts = Texts {
    message: "Envía este mensaje para iniciar sesión. Si no estás iniciando sesión, no lo envíes. Código: {code}",
    share_phone: "Para iniciar sesión en {app}, comparte tu número de teléfono con el botón de abajo.",
    confirmation: "{digits} es tu código para iniciar sesión en {app}. Escríbelo donde empezaste a iniciar sesión. Si no fuiste \
                   tú, ignora este mensaje.",
    open_here: "Si empezaste en este teléfono, también puedes abrir este enlace en el mismo navegador. No se lo envíes a nadie.",
    choose: "Para iniciar sesión en {app}, toca el número que ves donde empezaste a iniciar sesión. Si no fuiste \
             tú, no toques ninguno.",
    asked: "Inicio de sesión desde: {who}",
    signed_in: "Iniciaste sesión en {app}: {time}.",
    not_me: "No fui yo",
};

pub(super) const FRENCH: Texts = Texts {
    message: "Envoyez ce message pour vous connecter. Si vous n’essayez pas de vous connecter, ne l’envoyez pas. \
              Code : {code}",
    share_phone: "Pour vous connecter à {app}, partagez votre numéro de téléphone avec le bouton ci-dessous.",
    confirmation: "{digits} est votre code de connexion à {app}. Saisissez-le là où vous avez commencé à vous connecter. Si ce \
                   n’était pas vous, ignorez ce message.",
    open_here: "Si vous avez commencé sur ce téléphone, vous pouvez aussi ouvrir ce lien dans le même navigateur. Ne l’envoyez à personne.",
    choose: "Pour vous connecter à {app}, touchez le nombre affiché là où vous avez commencé à vous connecter. \
             Si ce n’était pas vous, n’en touchez aucun.",
    asked: "Connexion demandée depuis : {who}",
    signed_in: "Vous vous êtes connecté(e) à {app} : {time}.",
    not_me: "Ce n’était pas moi",
};

pub(super) const HINDI: Texts = Texts {
    message: "साइन इन करने के लिए यह संदेश भेजें। अगर आप साइन इन नहीं कर रहे हैं, तो इसे न भेजें। कोड: {code}",
    share_phone: "{app} में साइन इन करने के लिए नीचे दिए गए बटन से अपना फ़ोन नंबर साझा करें।",
    confirmation: "{app} में साइन इन करने का कोड {digits} है। इसे वहाँ डालें जहाँ आपने साइन इन शुरू किया था। अगर आपने शुरू नहीं किया, तो \
                   इस संदेश को अनदेखा करें।",
    open_here: "अगर आपने इसी फ़ोन पर शुरू किया था, तो इसके बजाय यह लिंक उसी ब्राउज़र में खोल सकते हैं। इसे किसी को न भेजें।",
    choose: "{app} में साइन इन करने के लिए वह संख्या टैप करें जो आपको वहाँ दिखती है जहाँ आपने साइन इन शुरू किया \
             था। अगर आपने शुरू नहीं किया, तो कोई भी टैप न करें।",
    asked: "साइन इन यहाँ से शुरू हुआ: {who}",
    signed_in: "आपने {time} पर {app} में साइन इन किया।",
    not_me: "यह मैं नहीं",
};

pub(super) const INDONESIAN: Texts = Texts {
    message: "Kirim pesan ini untuk masuk. Jika Anda tidak memulai proses masuk, jangan kirim. Kode: {code}",
    share_phone: "Untuk masuk ke {app}, bagikan nomor telepon Anda dengan tombol di bawah.",
    confirmation: "{digits} adalah kode Anda untuk masuk ke {app}. Masukkan di tempat Anda mulai masuk. Jika bukan Anda, abaikan \
                   pesan ini.",
    open_here: "Jika Anda mulai di ponsel ini, Anda juga dapat membuka tautan ini di browser yang sama. Jangan kirim ke siapa pun.",
    choose: "Untuk masuk ke {app}, ketuk angka yang Anda lihat di tempat Anda mulai masuk. Jika bukan Anda, \
             jangan ketuk satu pun.",
    asked: "Proses masuk dimulai dari: {who}",
    signed_in: "Anda masuk ke {app} pada {time}.",
    not_me: "Bukan saya",
};

pub(super) const ITALIAN: Texts = Texts {
    message: "Invia questo messaggio per accedere. Se non stai cercando di accedere, non inviarlo. Codice: {code}",
    share_phone: "Per accedere a {app}, condividi il tuo numero di telefono con il pulsante qui sotto.",
    confirmation: "{digits} è il tuo codice per accedere a {app}. Inseriscilo dove hai iniziato l’accesso. Se non sei stato tu, \
                   ignora questo messaggio.",
    open_here: "Se hai iniziato su questo telefono, puoi anche aprire questo link nello stesso browser. Non inviarlo a nessuno.",
    choose: "Per accedere a {app}, tocca il numero che vedi dove hai iniziato l’accesso. Se non sei stato tu, \
             non toccarne nessuno.",
    asked: "Accesso iniziato da: {who}",
    signed_in: "Hai effettuato l’accesso a {app}: {time}.",
    not_me: "Non ero io",
};

pub(super) const PORTUGUESE: Texts = Texts {
    message: "Envie esta mensagem para entrar. Se você não está tentando entrar, não a envie. Código: {code}",
    share_phone: "Para entrar em {app}, compartilhe seu número de telefone com o botão abaixo.",
    confirmation: "{digits} é o seu código para entrar em {app}. Digite-o onde você começou a entrar. Se não foi você, ignore \
                   esta mensagem.",
    open_here: "Se você começou neste telefone, também pode abrir este link no mesmo navegador. Não o envie a ninguém.",
    choose: "Para entrar em {app}, toque no número que você vê onde começou a entrar. Se não foi você, não toque \
             em nenhum.",
    asked: "Acesso iniciado em: {who}",
    signed_in: "Você entrou em {app}: {time}.",
    not_me: "Não fui eu",
};

pub(super) const TURKISH: Texts = Texts {
    message: "Giriş yapmak için bu mesajı gönderin. Giriş yapmaya çalışmıyorsanız bunu göndermeyin. Kod: {code}",
    share_phone: "{app} uygulamasına giriş yapmak için aşağıdaki düğmeyle telefon numaranızı paylaşın.",
    confirmation: "{app} uygulamasına giriş kodunuz: {digits}. Kodu, girişi başlattığınız yere yazın. Girişi siz \
                   başlatmadıysanız bu mesajı dikkate almayın.",
    open_here: "Bu telefonda başladıysanız, bunun yerine bu bağlantıyı aynı tarayıcıda açabilirsiniz. Kimseye göndermeyin.",
    choose: "{app} uygulamasına giriş yapmak için, girişi başlattığınız yerde gördüğünüz sayıya dokunun. Girişi \
             siz başlatmadıysanız hiçbirine dokunmayın.",
    asked: "Girişin başlatıldığı yer: {who}",
    signed_in: "{app} uygulamasına giriş yaptınız: {time}.",
    not_me: "Ben değildim",
};

pub(super) const URDU: Texts = Texts {
    message: "سائن ان کرنے کے لیے یہ پیغام بھیجیں۔ اگر آپ سائن ان نہیں کر رہے تو اسے نہ بھیجیں۔ کوڈ: {code}",
    share_phone: "{app} میں سائن ان کرنے کے لیے نیچے دیے گئے بٹن سے اپنا فون نمبر شیئر کریں۔",
    confirmation: "{app} میں سائن ان کرنے کے لیے آپ کا کوڈ {digits} ہے۔ اسے وہاں لکھیں جہاں آپ نے سائن ان شروع کیا تھا۔ اگر آپ نے \
                   شروع نہیں کیا تو اس پیغام کو نظر انداز کریں۔",
    open_here: "اگر آپ نے اسی فون پر شروع کیا تھا تو اس کے بجائے یہ لنک اسی براؤزر میں کھول سکتے ہیں۔ یہ کسی کو نہ بھیجیں۔",
    choose: "{app} میں سائن ان کرنے کے لیے وہ عدد دبائیں جو آپ کو وہاں نظر آتا ہے جہاں آپ نے سائن ان شروع کیا \
             تھا۔ اگر آپ نے شروع نہیں کیا تو کوئی عدد نہ دبائیں۔",
    asked: "سائن ان یہاں سے شروع ہوا: {who}",
    signed_in: "آپ نے {time} پر {app} میں سائن ان کیا۔",
    not_me: "یہ میں نہیں",
};
