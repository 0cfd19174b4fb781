import './page.css';
import { TimelineApp } from './components/timelineApp/timelineApp.ts';

customElements.define('conveyor-timeline', TimelineApp);
