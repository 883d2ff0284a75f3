import type { MessageLanguage } from '#model/message-texts.ts'

/** The words of the provider's plain pages. In `asks` `{name}`, `{place}` and `{code}` are filled in. */
export interface PageWords {
  readonly wrong: string
  readonly signOut: { readonly title: string; readonly yes: string; readonly no: string }
  readonly signedOut: { readonly title: string; readonly text: string }
  readonly device: {
    readonly title: string
    readonly lead: string
    readonly code: string
    readonly go: string
    readonly bad: string
    readonly stopped: string
    readonly tooMany: string
    readonly again: string
  }
  readonly confirm: {
    readonly title: string
    readonly asks: string
    readonly since: string
    readonly warning: string
    readonly yes: string
    readonly no: string
  }
  readonly connected: { readonly title: string; readonly text: string }
  readonly over: { readonly title: string; readonly text: string }
}

export const pageWords: Readonly<Record<MessageLanguage, PageWords>> = {
  en: {
    wrong: 'Something went wrong',
    signOut: { title: 'Sign out?', yes: 'Sign out', no: 'Stay signed in' },
    signedOut: { title: 'Signed out', text: 'You have been signed out.' },
    device: {
      title: 'Connect a device',
      lead: 'Enter the code your device shows.',
      code: 'Code',
      go: 'Continue',
      bad: 'That code is not right.',
      stopped: 'The request was stopped.',
      tooMany: 'Too many wrong codes were entered. Wait ten minutes.',
      again: 'Enter another code',
    },
    confirm: {
      title: 'Connect this device?',
      asks: '{name} asks to be connected, from {place}, and should show {code}.',
      since: 'since',
      warning: 'Go on only if you have started this yourself.',
      yes: 'Connect',
      no: 'Stop',
    },
    connected: { title: 'Device connected', text: 'You may go back to your device.' },
    over: {
      title: 'This sign-in is over',
      text: 'It has ended, or was begun in another browser. Go back to the application and start again.',
    },
  },
  de: {
    wrong: 'Etwas ist schiefgegangen',
    signOut: { title: 'Abmelden?', yes: 'Abmelden', no: 'Angemeldet bleiben' },
    signedOut: { title: 'Abgemeldet', text: 'Sie wurden abgemeldet.' },
    device: {
      title: 'Gerät verbinden',
      lead: 'Geben Sie den Code ein, den Ihr Gerät zeigt.',
      code: 'Code',
      go: 'Weiter',
      bad: 'Dieser Code stimmt nicht.',
      stopped: 'Die Anfrage wurde abgebrochen.',
      tooMany: 'Es wurden zu viele falsche Codes eingegeben. Warten Sie zehn Minuten.',
      again: 'Anderen Code eingeben',
    },
    confirm: {
      title: 'Dieses Gerät verbinden?',
      asks: '{name} möchte verbunden werden, von {place}, und sollte {code} zeigen.',
      since: 'seit',
      warning: 'Fahren Sie nur fort, wenn Sie das selbst begonnen haben.',
      yes: 'Verbinden',
      no: 'Abbrechen',
    },
    connected: { title: 'Gerät verbunden', text: 'Sie können zu Ihrem Gerät zurückkehren.' },
    over: {
      title: 'Diese Anmeldung ist vorbei',
      text: 'Sie ist beendet oder wurde in einem anderen Browser begonnen. Gehen Sie zur Anwendung zurück und beginnen Sie neu.',
    },
  },
  fr: {
    wrong: 'Un problème est survenu',
    signOut: { title: 'Se déconnecter ?', yes: 'Se déconnecter', no: 'Rester connecté' },
    signedOut: { title: 'Déconnecté', text: 'Vous avez été déconnecté.' },
    device: {
      title: 'Connecter un appareil',
      lead: 'Saisissez le code affiché par votre appareil.',
      code: 'Code',
      go: 'Continuer',
      bad: 'Ce code n’est pas le bon.',
      stopped: 'La demande a été arrêtée.',
      tooMany: 'Trop de codes erronés ont été saisis. Attendez dix minutes.',
      again: 'Saisir un autre code',
    },
    confirm: {
      title: 'Connecter cet appareil ?',
      asks: '{name} demande à être connecté, depuis {place}, et devrait afficher {code}.',
      since: 'depuis le',
      warning: 'Ne continuez que si vous en êtes à l’origine.',
      yes: 'Connecter',
      no: 'Arrêter',
    },
    connected: { title: 'Appareil connecté', text: 'Vous pouvez retourner à votre appareil.' },
    over: {
      title: 'Cette connexion est terminée',
      text: 'Elle a pris fin ou a été commencée dans un autre navigateur. Retournez à l’application et recommencez.',
    },
  },
  es: {
    wrong: 'Algo ha ido mal',
    signOut: { title: '¿Cerrar sesión?', yes: 'Cerrar sesión', no: 'Seguir conectado' },
    signedOut: { title: 'Sesión cerrada', text: 'Se ha cerrado su sesión.' },
    device: {
      title: 'Conectar un dispositivo',
      lead: 'Introduzca el código que muestra su dispositivo.',
      code: 'Código',
      go: 'Continuar',
      bad: 'Ese código no es correcto.',
      stopped: 'La solicitud se ha detenido.',
      tooMany: 'Se han introducido demasiados códigos erróneos. Espere diez minutos.',
      again: 'Introducir otro código',
    },
    confirm: {
      title: '¿Conectar este dispositivo?',
      asks: '{name} pide conectarse desde {place} y debería mostrar {code}.',
      since: 'desde el',
      warning: 'Siga solo si lo ha iniciado usted.',
      yes: 'Conectar',
      no: 'Detener',
    },
    connected: { title: 'Dispositivo conectado', text: 'Puede volver a su dispositivo.' },
    over: {
      title: 'Este acceso ha terminado',
      text: 'Ha caducado o se inició en otro navegador. Vuelva a la aplicación y empiece de nuevo.',
    },
  },
  pt: {
    wrong: 'Algo deu errado',
    signOut: { title: 'Sair?', yes: 'Sair', no: 'Continuar conectado' },
    signedOut: { title: 'Sessão encerrada', text: 'Você saiu.' },
    device: {
      title: 'Conectar um dispositivo',
      lead: 'Digite o código que o seu dispositivo mostra.',
      code: 'Código',
      go: 'Continuar',
      bad: 'Esse código não está certo.',
      stopped: 'O pedido foi interrompido.',
      tooMany: 'Foram digitados códigos errados demais. Espere dez minutos.',
      again: 'Digitar outro código',
    },
    confirm: {
      title: 'Conectar este dispositivo?',
      asks: '{name} pede para ser conectado, de {place}, e deve mostrar {code}.',
      since: 'desde',
      warning: 'Continue apenas se foi você quem começou.',
      yes: 'Conectar',
      no: 'Parar',
    },
    connected: { title: 'Dispositivo conectado', text: 'Você pode voltar ao seu dispositivo.' },
    over: {
      title: 'Este acesso terminou',
      text: 'Expirou ou foi iniciado em outro navegador. Volte ao aplicativo e comece de novo.',
    },
  },
  ja: {
    wrong: '問題が発生しました',
    signOut: { title: 'ログアウトしますか?', yes: 'ログアウト', no: 'ログインしたままにする' },
    signedOut: { title: 'ログアウトしました', text: 'ログアウトされました。' },
    device: {
      title: 'デバイスを接続',
      lead: 'デバイスに表示されているコードを入力してください。',
      code: 'コード',
      go: '続ける',
      bad: 'コードが正しくありません。',
      stopped: '要求は中止されました。',
      tooMany: '誤ったコードが何度も入力されました。10分お待ちください。',
      again: '別のコードを入力',
    },
    confirm: {
      title: 'このデバイスを接続しますか?',
      asks: '{name} が {place} から接続を求めています。デバイスには {code} が表示されているはずです。',
      since: '開始',
      warning: 'ご自身で始めた場合にのみ続けてください。',
      yes: '接続',
      no: '中止',
    },
    connected: { title: 'デバイスが接続されました', text: 'デバイスに戻ってください。' },
    over: {
      title: 'このログインは終了しました',
      text: '終了したか、別のブラウザーで開始されました。アプリケーションに戻ってやり直してください。',
    },
  },
  ar: {
    wrong: 'حدث خطأ ما',
    signOut: { title: 'تسجيل الخروج؟', yes: 'تسجيل الخروج', no: 'البقاء مسجلاً' },
    signedOut: { title: 'تم تسجيل الخروج', text: 'لقد سُجّل خروجك.' },
    device: {
      title: 'توصيل جهاز',
      lead: 'أدخل الرمز الذي يعرضه جهازك.',
      code: 'الرمز',
      go: 'متابعة',
      bad: 'هذا الرمز غير صحيح.',
      stopped: 'أُوقف الطلب.',
      tooMany: 'أُدخلت رموز خاطئة كثيرة. انتظر عشر دقائق.',
      again: 'إدخال رمز آخر',
    },
    confirm: {
      title: 'توصيل هذا الجهاز؟',
      asks: 'يطلب {name} التوصيل من {place}، ويُفترض أن يعرض {code}.',
      since: 'منذ',
      warning: 'لا تتابع إلا إذا كنت أنت من بدأ ذلك.',
      yes: 'توصيل',
      no: 'إيقاف',
    },
    connected: { title: 'تم توصيل الجهاز', text: 'يمكنك العودة إلى جهازك.' },
    over: {
      title: 'انتهى تسجيل الدخول هذا',
      text: 'لقد انتهى أو بدأ في متصفح آخر. عُد إلى التطبيق وابدأ من جديد.',
    },
  },
}
