claude -p 'Do I need an umbrella in Paris?'
