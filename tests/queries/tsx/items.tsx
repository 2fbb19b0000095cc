export const Button = ({ label }: Props) => <Label text={label} />
//           ^^^^^^ definition.function visibility=public arity=1
//                       ^^^^^ local.parameter
//                                           ^^^^^ reference.type
//                                                 ^^^^ reference.label
//                                                       ^^^^^ reference.read
