import type { Words } from './words.ts'

export const ja: Words = {
  gap: '',
  codes: {
    login: '{code} は {service} のログイン用コードです。',
    enrolment: '{code} は、この連絡先を {service} のログイン方法に追加するためのコードです。',
    'verify-address': '{code} は、{service} でこのアドレスを確認するためのコードです。',
    'password-reset': '{code} は、{service} のパスワードを再設定するためのコードです。',
  },
  codeSubject: '{service} の確認コード',
  spoken: '{service} です。コードは、{code}。繰り返します。コードは、{code}。',
  life: '有効期間は{time}です。',
  secret: '他の人に教えないでください。',
  reset: {
    subject: '{service} のパスワードの再設定',
    asked: '{service} アカウントのパスワードの再設定が求められました。',
    open: '新しいパスワードを設定するには、{time}以内に次のリンクを開いてください:',
    button: '新しいパスワードを設定',
    ignore: 'お心当たりがない場合は、このメッセージを無視してください。パスワードは変わりません。',
  },
  signIn: {
    subject: '{service} へのログイン',
    asked: '{service} アカウントへのログインが行われています。',
    open: '確認するには、{time}以内に次のリンクを開いてください:',
    button: 'ログインする',
    ignore: '心当たりがない場合は、このメッセージを無視してください。リンクを開かない限りログインされません。',
  },
  invitation: {
    subject: '{service} の2段階目のログインの設定',
    asked: '{service} アカウントの2段階目のログインを設定してください。',
    open: '{time}以内に次のリンクを開いてください:',
    button: '設定する',
  },
  alert: '認証アプリを開いて、{service} のログイン要求に回答してください。',
  notice: {
    subject: '{service}: セキュリティに関するお知らせ',
    objection: 'お心当たりがない場合は、パスワードを変更し、すぐに {service} のサポートにご連絡ください。',
  },
  notices: {
    'factor-added': 'アカウントにログイン方法が追加されました',
    'factor-removed': 'アカウントからログイン方法が削除されました',
    'factor-changed': 'アカウントのログイン方法の名前または設定が変更されました',
    'factors-reset': '管理者がアカウントのすべてのログイン方法をリセットしました',
    'factor-locked': '誤ったコードが何度も入力されたため、ログイン方法が一時停止されました',
    'factor-disabled': '誤ったコードが何度も入力されたため、ログイン方法が無効になりました',
    'sign-in-reported':
      'パスワードを使った身に覚えのないログインが報告されたため、パスワードを変更するまでデバイスへの確認は行われません',
    'recovery-used': 'リカバリーコードを使ってアカウントにログインがありました',
    'recovery-replaced': 'アカウントのリカバリーコードが新しくなりました',
    'enrolment-refused': 'パスワードを知る誰かが、既存の方法を確認せずにログイン方法を追加しようとしました',
    'success-after-failures': '誤ったコードが数回入力された後、アカウントにログインがありました',
    'password-changed': 'アカウントのパスワードが変更されました',
    'password-dropped': 'このアドレスの確認前に設定されたため、アカウントのパスワードが削除されました',
    'email-changed': 'アカウントのメールアドレスが変更されました',
    'phone-changed': 'アカウントの電話番号が変更されました',
  },
  stop: '。',
}
