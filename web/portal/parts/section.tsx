export { CardSection, Read, Section } from "../../parts/section.tsx";
