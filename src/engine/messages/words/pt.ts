import type { Words } from './words.ts'

export const pt: Words = {
  gap: ' ',
  codes: {
    login: '{code} é o seu código para entrar em {service}.',
    enrolment: '{code} é o seu código de {service} para adicionar este contato à conta.',
    'verify-address': '{code} é o seu código de {service} para confirmar este endereço.',
    'password-reset': '{code} é o seu código de {service} para redefinir a senha.',
  },
  codeSubject: 'Seu código de verificação de {service}',
  spoken: 'Aqui é {service}. O seu código é: {code}. Repetindo, o seu código é: {code}.',
  life: 'É válido por {time}.',
  secret: 'Não o compartilhe com ninguém.',
  reset: {
    subject: 'Redefinir a sua senha de {service}',
    asked: 'Alguém pediu para redefinir a senha da sua conta de {service}.',
    open: 'Para escolher uma nova, abra este link no prazo de {time}:',
    button: 'Escolher uma nova senha',
    ignore: 'Se não foi você, ignore esta mensagem: a sua senha continua a mesma.',
  },
  signIn: {
    subject: 'Entrar em {service}',
    asked: 'Alguém está entrando na sua conta de {service}.',
    open: 'Para confirmar, abra este link no prazo de {time}:',
    button: 'Entrar',
    ignore: 'Se não foi você, ignore esta mensagem: sem ela ninguém recebe acesso.',
  },
  invitation: {
    subject: 'Configure uma segunda etapa de acesso para {service}',
    asked: 'Você foi convidado a configurar uma segunda etapa de acesso para a sua conta de {service}.',
    open: 'Abra este link no prazo de {time}:',
    button: 'Configurar',
  },
  alert: 'Abra o autenticador para responder a um pedido de acesso de {service}.',
  notice: {
    subject: '{service}: aviso de segurança',
    objection: 'Se não foi você, mude a senha e fale logo com o suporte de {service}.',
  },
  notices: {
    'factor-added': 'Um método de acesso foi adicionado à sua conta',
    'factor-removed': 'Um método de acesso foi removido da sua conta',
    'factor-changed': 'Um método de acesso da sua conta foi renomeado ou alterado',
    'factors-reset': 'Todos os métodos de acesso da sua conta foram redefinidos por um administrador',
    'factor-locked': 'Houve códigos errados demais na sua conta: um método de acesso está em pausa',
    'factor-disabled': 'Um método de acesso da sua conta foi desativado após códigos errados demais',
    'sign-in-reported':
      'Um acesso com a sua senha foi denunciado como alheio: os seus dispositivos não serão consultados até você mudar a senha',
    'recovery-used': 'Um código de recuperação foi usado para entrar na sua conta',
    'recovery-replaced': 'O código de recuperação da sua conta foi substituído',
    'enrolment-refused': 'Alguém com a sua senha tentou adicionar um método de acesso sem comprovar um existente',
    'success-after-failures': 'Entraram na sua conta depois de vários códigos errados',
    'password-changed': 'A senha da sua conta foi alterada',
    'password-dropped': 'A senha da sua conta foi removida: era de antes da confirmação deste endereço',
    'email-changed': 'O endereço de e-mail da sua conta foi alterado',
    'phone-changed': 'O número de telefone da sua conta foi alterado',
  },
  stop: '.',
}
