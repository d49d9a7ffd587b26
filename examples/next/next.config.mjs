/** Static files: the page needs no server of its own. Without `output`, the same page works as well. */
export default { output: 'export' };
