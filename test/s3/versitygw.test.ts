import { foreignServerSuite } from './support/suite.ts';

foreignServerSuite('versitygw');
