package detect

import "strings"

// Artificial intelligence and machine learning.
var modelProviders = []provider{
	{name: "anthropic_key", of: "Anthropic", source: "Anthropic: API keys", forms: []string{"sk-ant-admin{digit 2}-{url 80-120}", "sk-ant-api{digit 2}-{url 80-120}", "sk-ant-oat{digit 2}-{url 80-120}", "sk-ant-ort{digit 2}-{url 80-120}", "sk-ant-sid{digit 2}-{url 80-120}"}},
	{name: "apify_token", of: "Apify", source: "Apify: API tokens", forms: []string{"apify_api_{alnum 36}"}},
	{name: "assemblyai_key", of: "AssemblyAI", source: "AssemblyAI: API keys", vendors: []string{"assemblyai", "assembly ai"}, keyed: []string{"{hex 32}"}},
	{name: "cerebras_key", of: "Cerebras", source: "Cerebras: API keys", forms: []string{"csk-{lower 48}"}},
	{name: "cohere_key", of: "Cohere", source: "Cohere: API keys", vendors: []string{"cohere", "co"}, keyed: []string{"{alnum 40}"}},
	{name: "daytona_key", of: "Daytona", source: "Daytona: API keys", forms: []string{"dtn_{hex 64}"}},
	{name: "deepgram_key", of: "Deepgram", source: "Deepgram: API keys", vendors: []string{"deepgram"}, keyed: []string{"{hex 40}"}},
	{name: "deepl_key", of: "DeepL", source: "DeepL: authentication keys", vendors: []string{"deepl"}, keyed: []string{"{uuid}:fx", "{uuid}"}},
	{name: "deepseek_key", of: "DeepSeek", source: "DeepSeek: API keys", forms: []string{"sk-{hex 32}"}},
	{name: "elevenlabs_key", of: "ElevenLabs", source: "ElevenLabs: API keys", forms: []string{"sk_{hex 48}"}, vendors: []string{"elevenlabs", "eleven labs", "xi"}, keyed: []string{"{hex 32}"}},
	{name: "firecrawl_key", of: "Firecrawl", source: "Firecrawl: API keys", forms: []string{"fc-{hex 32}"}},
	{name: "fireworks_key", of: "Fireworks AI", source: "Fireworks: API keys", forms: []string{"fw_{alnum 22-24}"}},
	{name: "groq_key", of: "Groq", source: "Groq: API keys", forms: []string{"gsk_{alnum 52}"}},
	{name: "huggingface_token", of: "Hugging Face", source: "Hugging Face: user access tokens", forms: []string{"api_org_{alpha 34}", "hf_{alnum 34}"}},
	{name: "jina_key", of: "Jina AI", source: "Jina: API keys", forms: []string{"jina_{url 60}"}},
	{name: "langfuse_key", of: "Langfuse", source: "Langfuse: API keys", forms: []string{"pk-lf-{uuid}", "sk-lf-{uuid}"}},
	{name: "langsmith_key", of: "LangSmith", source: "LangSmith: API keys", forms: []string{"lsv2_pt_{hex 32}_{hex 10}", "lsv2_sk_{hex 32}_{hex 10}"}},
	{name: "mistral_key", of: "Mistral AI", source: "Mistral: API keys", vendors: []string{"mistral", "mistralai"}, keyed: []string{"{alnum 32}"}},
	{name: "nvidia_key", of: "NVIDIA", source: "NVIDIA: API keys", forms: []string{"nvapi-{url 60-70}"}},
	{
		name: "openai_key", of: "OpenAI", source: "OpenAI: API keys, marked by OpenAI in base 64 in their middle",
		forms: []string{"sk-admin-{url 48-220}", "sk-proj-{url 48-220}", "sk-svcacct-{url 48-220}", "sk-{alnum 48}"}, check: func(key string) bool { return strings.Contains(key, "T3BlbkFJ") },
		examples: examples{positive: []string{"«sk-proj-02ARdnac6KpET4wzDnmr0mtJHwWWYpxwZp0Q162dT3Bl" + "bkFJNFzwjj1pFycgkzgWTs56mYZWuERE3INfZmySagGM» x", "«sk-svcacct-02ARdnac6KpET4wzDnmr0mtJHwWWYpxwZp0Q162dT3Bl" + "bkFJNFzwjj1pFycgkzgWTs56mYZWuERE3INfZmySagGM»", "«sk-LNl0ybuRbNtGyGEITSzC" + "T3BlbkFJY0L77SJQdIjZAx9LbRXH»"}, negative: []string{"sk-proj-nssebfXwNL3W8TAt97ar7TpecWfQ99t5wSZ17VMNJnEH" + "f5hpvYIBzaQyylWPH5n6RNuyug1S4JSTxp4gnstZrZNe", "sk-58keOAXloPeKKO1O4IUAAoBE" + "HM5ptArfM49vlAbjhsKJMKlB", "task-muMgPYSvUed8Fi1H9eumT3Bl" + "bkFJ2DPy75o5SN1ZE1gamRkh"}},
	},
	{name: "openrouter_key", of: "OpenRouter", source: "OpenRouter: API keys", forms: []string{"sk-or-v1-{hex 64}"}},
	{name: "perplexity_key", of: "Perplexity", source: "Perplexity: API keys", forms: []string{"pplx-{alnum 48}"}},
	{name: "pinecone_key", of: "Pinecone", source: "Pinecone: API keys", forms: []string{"pcsk_{alnum 5-6}_{alnum 60-66}"}, vendors: []string{"pinecone"}, keyed: []string{"{uuid}"}},
	{name: "privateai_key", of: "Private AI", source: "Private AI: API keys", vendors: []string{"privateai", "private ai"}, keyed: []string{"{lower 32}"}},
	{name: "replicate_token", of: "Replicate", source: "Replicate: API tokens", forms: []string{"r8_{alnum 37}"}},
	{name: "runpod_key", of: "RunPod", source: "RunPod: API keys", forms: []string{"rpa_{alnum 40-48}"}},
	{name: "etwob_key", of: "E2B", source: "E2B: API keys", forms: []string{"e2b_{hex 40}"}},
	{name: "tavily_key", of: "Tavily", source: "Tavily: API keys", forms: []string{"tvly-dev-{alnum 32}", "tvly-prod-{alnum 32}", "tvly-{alnum 32}"}},
	{name: "together_key", of: "Together AI", source: "Together: API keys", forms: []string{"tgp_v1_{url 43}"}, vendors: []string{"together", "togetherai"}, keyed: []string{"{hex 64}"}},
	{name: "voyage_key", of: "Voyage AI", source: "Voyage: API keys", forms: []string{"pa-{url 43}"}},
	{name: "wandb_key", of: "Weights & Biases", source: "Weights & Biases: API keys", vendors: []string{"wandb"}, keyed: []string{"{hex 40}"}},
	{name: "xai_key", of: "xAI", source: "xAI: API keys", forms: []string{"xai-{alnum 80}"}},
}
