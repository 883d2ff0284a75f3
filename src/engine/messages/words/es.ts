import type { Words } from './words.ts'

export const es: Words = {
  gap: ' ',
  codes: {
    login: '{code} es su código para acceder a {service}.',
    enrolment: '{code} es su código de {service} para añadir este contacto a su cuenta.',
    'verify-address': '{code} es su código de {service} para confirmar esta dirección.',
    'password-reset': '{code} es su código de {service} para restablecer la contraseña.',
  },
  codeSubject: 'Su código de verificación de {service}',
  spoken: 'Le llama {service}. Su código es: {code}. Repetimos, su código es: {code}.',
  life: 'Es válido durante {time}.',
  secret: 'No lo comparta con nadie.',
  reset: {
    subject: 'Restablecer su contraseña de {service}',
    asked: 'Alguien ha pedido restablecer la contraseña de su cuenta de {service}.',
    open: 'Para elegir una nueva, abra este enlace en el plazo de {time}:',
    button: 'Elegir una contraseña nueva',
    ignore: 'Si no ha sido usted, no haga caso de este mensaje: su contraseña no cambia.',
  },
  signIn: {
    subject: 'Iniciar sesión en {service}',
    asked: 'Alguien está iniciando sesión en su cuenta de {service}.',
    open: 'Para confirmarlo, abra este enlace en el plazo de {time}:',
    button: 'Iniciar sesión',
    ignore: 'Si no ha sido usted, ignore este mensaje: sin él nadie inicia sesión.',
  },
  invitation: {
    subject: 'Configure un segundo paso de acceso para {service}',
    asked: 'Se le invita a configurar un segundo paso de acceso para su cuenta de {service}.',
    open: 'Abra este enlace en el plazo de {time}:',
    button: 'Configurar',
  },
  alert: 'Abra el autenticador para responder a una solicitud de acceso de {service}.',
  notice: {
    subject: '{service}: aviso de seguridad',
    objection: 'Si no ha sido usted, cambie la contraseña y avise enseguida al soporte de {service}.',
  },
  notices: {
    'factor-added': 'Se ha añadido un método de acceso a su cuenta',
    'factor-removed': 'Se ha quitado un método de acceso de su cuenta',
    'factor-changed': 'Se ha renombrado o modificado un método de acceso de su cuenta',
    'factors-reset': 'Un administrador ha restablecido todos los métodos de acceso de su cuenta',
    'factor-locked': 'Demasiados códigos erróneos en su cuenta: un método de acceso está en pausa',
    'factor-disabled': 'Se ha desactivado un método de acceso de su cuenta tras demasiados códigos erróneos',
    'sign-in-reported':
      'Se ha denunciado como ajeno un acceso con su contraseña: no se consultará a sus dispositivos hasta que la cambie',
    'recovery-used': 'Se ha usado un código de recuperación para acceder a su cuenta',
    'recovery-replaced': 'Se ha sustituido el código de recuperación de su cuenta',
    'enrolment-refused': 'Alguien con su contraseña intentó añadir un método de acceso sin probar uno existente',
    'success-after-failures': 'Se ha accedido a su cuenta tras varios códigos erróneos',
    'password-changed': 'Se ha cambiado la contraseña de su cuenta',
    'password-dropped': 'Se ha eliminado la contraseña de su cuenta, fijada antes de confirmar esta dirección',
    'email-changed': 'Se ha cambiado la dirección de correo de su cuenta',
    'phone-changed': 'Se ha cambiado el número de teléfono de su cuenta',
  },
  stop: '.',
}
