/* Pages for what went wrong: in the theme that was chosen, with ways back. */

const theme = localStorage.getItem('adminTheme')?.replaceAll('"', '');
if (theme === 'dark' || theme === 'light') {
  document.documentElement.classList.add(theme);
}

function offer(selector: string, act: () => void): void {
  const button = document.querySelector<HTMLButtonElement>(selector);
  if (button) {
    button.hidden = false;
    button.addEventListener('click', act);
  }
}

if (history.length > 1) {
  offer('[data-back]', () => history.back());
}
offer('[data-reload]', () => location.reload());
