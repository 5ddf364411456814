/* Shapes for models that have none. A script of its own, because hardly any page needs it. */

export { layoutProcess } from 'bpmn-auto-layout';
