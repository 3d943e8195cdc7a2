/** The end of what a task says that wrote files which the node reads at its start only. */
export const afterRestart = 'takes effect when the node restarts';
