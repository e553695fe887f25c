"""How often somebody may do something: questions, sign-ins, frames, connections."""
