export { CardSection, Read, Section } from "../../kit/parts/section.tsx";
