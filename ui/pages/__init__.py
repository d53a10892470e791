"""The pages of the window: their components, and the functions that Gradio calls when a visitor uses them."""
