import ts from 'typescript-eslint'
import vue from 'eslint-plugin-vue'

// Rooms, upper first; a room may import itself and what stands below it (STYLE.md: pages → modules →
// components, composables → stores → live → api). i18n and styles stand below all.
const rooms = [['pages'], ['modules'], ['components', 'composables'], ['stores'], ['live'], ['api']]

const direction = rooms.flatMap((line, height) =>
  line.map((room) => ({
    files: [`src/${room}/**/*.{ts,vue}`],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: rooms
            .slice(0, height)
            .flat()
            .map((upper) => ({
              group: [`@/${upper}/**`, `**/../${upper}/**`],
              message: `${room} stands below ${upper} (STYLE.md, What may import what)`,
            }))
            .concat(
              room === 'components'
                ? [
                    { group: ['@/stores/**', '@/live/**'], message: 'components know no store' },
                    { regex: '^@/api/(?!types$|schema\\.gen$)', message: 'components know no API, only its types' },
                  ]
                : [],
            ),
        },
      ],
    },
  })),
)

export default ts.config(
  { ignores: ['dist/**', 'node_modules/**', 'src/api/schema.gen.ts', 'public/**', 'test-results/**', 'playwright-report/**'] },
  ...ts.configs.recommended,
  ...vue.configs['flat/recommended'],
  {
    files: ['**/*.vue'],
    languageOptions: { parserOptions: { parser: ts.parser } },
  },
  {
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      'no-console': 'error',
      eqeqeq: ['error', 'smart'],
      'vue/block-lang': ['error', { script: { lang: 'ts' } }],
      'vue/component-api-style': ['error', ['script-setup']],
      'vue/define-props-declaration': ['error', 'type-based'],
      'vue/define-emits-declaration': ['error', 'type-based'],
      'vue/no-v-html': 'error',
      'vue/require-default-prop': 'off',
      'vue/multi-word-component-names': 'off',
      // Layout is a person's business here, not the linter's.
      'vue/max-attributes-per-line': 'off',
      'vue/singleline-html-element-content-newline': 'off',
      'vue/multiline-html-element-content-newline': 'off',
      'vue/html-self-closing': 'off',
      'vue/html-indent': 'off',
      'vue/html-closing-bracket-newline': 'off',
      'vue/first-attribute-linebreak': 'off',
      'vue/attributes-order': 'off',
    },
  },
  { files: ['**/*.d.ts'], rules: { '@typescript-eslint/consistent-type-imports': 'off' } },
  { files: ['scripts/**', 'e2e/**'], rules: { 'no-console': 'off' } },
  ...direction,
)
