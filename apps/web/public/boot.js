/**
 * Runs before everything else in the page, so that neither the theme flickers nor a script is made without a policy.
 *
 * Trusted Types: the bundler's loader sets script addresses from strings. Here is what they may be: files of our own
 * origin. Markup and code from strings have no rule, so the browser refuses them all.
 */
(() => {
  if (globalThis.trustedTypes?.createPolicy) {
    trustedTypes.createPolicy('default', {
      createScriptURL: (address) => {
        const url = new URL(address, location.href);
        if (url.origin !== location.origin) throw new TypeError('Scripts come from this site only.');
        // As it came: the loader finds its files again by exactly this string.
        return address;
      },
    });
  }
  try {
    const theme = localStorage.getItem('theme');
    if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
  } catch {
    // Storage is forbidden here: the system's theme it is.
  }
})();
