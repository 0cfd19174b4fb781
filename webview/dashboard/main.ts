import '@xterm/xterm/css/xterm.css';
import './theme.css';
import './dashboard.css';
import { DashboardApp } from './dashboardApp.ts';
import { TerminalPane } from './terminal/terminalPane.ts';

customElements.define('terminal-pane', TerminalPane);
customElements.define('conveyor-dashboard', DashboardApp);
